"""Linear algebra of the span of the data, and training in it.

SGD with L2 only ever adds rows of X [n, p] to the weights and scales them. So they are w = X'α + c₁z + c₂1, with
the standard normal draw z and the vector of ones from which every start N(mean, std²) is made: n + 2 numbers
instead of p, exactly, for each seed. A step adds to the α of its own rows and scales the rest, and the part of w
that the data never touches is that of c₁z + c₂1. (Source: the representer theorem; THEORY, exact-in-law reduction.)
"""

from __future__ import annotations

import torch
from torch import Tensor

RANK_TOLERANCE = 1e-10
OUTSIDE = 2  # directions of a start: the draw and the ones


def row_space_basis(inputs: Tensor) -> Tensor:
    """Orthonormal basis of the row space of X.

    inputs: [problems, n, p]. Returns [problems, p, min(n, p)]; where the rank is lower, the surplus
    columns are zero.
    """
    q, r = torch.linalg.qr(inputs.transpose(1, 2))
    diagonal = r.diagonal(dim1=1, dim2=2).abs()
    deficient = diagonal.amin(1) <= RANK_TOLERANCE * diagonal.amax(1)
    for problem in torch.nonzero(deficient).flatten().tolist():
        _, singular, vh = torch.linalg.svd(inputs[problem], full_matrices=False)
        q[problem] = vh.T * (singular > RANK_TOLERANCE * singular[0])
    return q


def extended(basis: Tensor, draw: Tensor) -> Tensor:
    """A basis [problems, p, k] with what a start adds to it: the draw [problems, p] and the ones outside of it.

    Returns [problems, p, k + 2] with orthonormal (or, where nothing is left, zero) columns.
    """
    for direction in (draw, torch.ones_like(draw)):
        unit = outside(basis, direction[:, :, None])
        basis = torch.cat([basis, unit], dim=2)
    return basis


def outside(basis: Tensor, vector: Tensor) -> Tensor:
    """The unit vector of the part of vector [problems, p, 1] outside of a basis; zero where only rounding is left."""
    rest = vector
    for _ in range(2):  # twice is enough (Kahan; Parlett 1998, section 6.9)
        rest = rest - (basis * coordinates(basis, rest).transpose(1, 2)).sum(2, keepdim=True)
    norm = rest.norm(dim=1, keepdim=True)
    return torch.where(norm > RANK_TOLERANCE * vector.norm(dim=1, keepdim=True), rest / norm, 0.0)


def coordinates(basis: Tensor, vector: Tensor) -> Tensor:
    """The coordinates [problems, k, 1] of a vector [problems, p, 1] in a basis [problems, p, k].

    A sum, since the bits of a matrix product with one column depend on whether there is one problem or several.
    """
    return (basis * vector).sum(1)[:, :, None]


def compress(inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Fewer rows with the same sum of squares: ‖Xw − y‖ = ‖R [w; −1]‖ for [X, y] = QR.

    inputs: [problems, rows, features], targets: [problems, rows, 1].
    """
    if inputs.shape[1] <= inputs.shape[2] + 1:
        return inputs, targets
    r = torch.linalg.qr(torch.cat([inputs, targets], dim=2), mode="r").R
    return r[:, :, :-1].contiguous(), r[:, :, -1:].contiguous()


def row_and_null_norm(basis: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Norms of the parts of weights [lanes, p, columns] inside and outside of a basis [lanes, p, n]."""
    inside = basis @ (basis.transpose(1, 2) @ weights)
    whole = (basis.norm(dim=1) > 0).sum(1) == weights.shape[1]  # the rows span everything
    outside = torch.where(whole[:, None, None], 0.0, weights - inside)
    return norm(inside), norm(outside)


def norm(weights: Tensor) -> Tensor:
    """‖w‖₂ over the features; ten times faster here than torch's own norm."""
    return column_sums(weights.square()).sqrt()


def column_sums(values: Tensor) -> Tensor:
    """Sums over the rows [lanes, columns] of values [lanes, rows, columns].

    Eight columns at a time: torch sums the last ones of 24 in another order than the first, and a cell's bits
    would depend on its column.
    """
    return torch.cat([part.sum(1) for part in values.split(8, dim=2)], dim=1)


def dual_basis(inputs: Tensor, draw: Tensor) -> tuple[Tensor, Tensor]:
    """The directions [X', z, 1] of w = X'α + c₁z + c₂1, and R of their QR decomposition.

    inputs: [problems, n, p], draw: [problems, p]. Returns [problems, p, n + 2] and [problems, n + 2, n + 2];
    ‖w‖ is ‖R [α, c]‖, of which the first n entries are the part in the row space, if X has full rank.
    """
    directions = torch.cat([inputs.transpose(1, 2), draw[:, :, None], torch.ones_like(draw)[:, :, None]], dim=2)
    return directions, torch.linalg.qr(directions, mode="r").R
