"""Full-batch training in the singular coordinates of the data: exact, and without a matrix product a step.

With X = U S V' the weights are written in V (and the two directions of `span` outside of the rows) and the
training rows in U. X becomes diagonal there; only the bias still meets every row, through the column U'1.
What of the ones and of y lies outside of U fits in two more rows, which no weight touches. So the
diagonal, the bias column and the targets are vectors of one length, and a step is elementwise:
residual r = s∘w + a·b − t, gradients s∘r and a·r.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from decaybench.learning.span import OUTSIDE, RANK_TOLERANCE, coordinates, extended, outside


@dataclass(frozen=True)
class SingularCoordinates:
    """One data set in its singular coordinates; k = min(n, p), and every vector has k + 2 entries."""

    basis: Tensor  # [problems, p, k + 2], orthonormal or zero columns
    in_row_space: Tensor  # [problems, k + 2], bool
    rows: Tensor  # [problems, k + 2, 2]: the diagonal s and the bias column a
    targets: Tensor  # [problems, k + 2, 1]


def singular_coordinates(inputs: Tensor, targets: Tensor, draw: Tensor) -> SingularCoordinates:
    """Rotate X [problems, n, p] and y [problems, n, 1]; draw [problems, p] is the standard normal start."""
    u, singular, vh = torch.linalg.svd(inputs, full_matrices=False)
    in_row_space = singular > RANK_TOLERANCE * singular[:, :1]
    beyond = singular.new_zeros(len(singular), OUTSIDE)
    s = torch.cat([singular * in_row_space, beyond], dim=1)
    ones = torch.ones_like(targets)
    a, t = coordinates(u, ones), coordinates(u, targets)
    first = outside(u, ones)
    a_more = coordinates(first, ones)
    second = outside(torch.cat([u, first], dim=2), targets)
    t_more = coordinates(torch.cat([first, second], dim=2), targets)
    return SingularCoordinates(
        basis=extended(vh.transpose(1, 2), draw),
        in_row_space=torch.cat([in_row_space, beyond.bool()], dim=1),
        rows=torch.stack([s, torch.cat([a, a_more, torch.zeros_like(a_more)], dim=1)[:, :, 0]], dim=2),
        targets=torch.cat([t, t_more], dim=1),
    )


def residual_gradient(theta: Tensor, rows: Tensor, targets: Tensor, scale: Tensor) -> Tensor:
    """Gradient [lanes, k + 3, columns] of θ = [w, b] for rows and targets in singular coordinates.

    scale [lanes, 1, columns] is g / n.
    """
    s, a = rows[:, :, :1], rows[:, :, 1:]
    residual = torch.addcmul(a * theta[:, -1:] - targets, s, theta[:, :-1])
    residual.mul_(scale)
    return torch.cat([s * residual, a.transpose(1, 2) @ residual], dim=1)
