"""Cross-entropy of linear models to convergence: Newton's method, its steps by Cholesky or conjugate gradients.

f(T) = mean over rows of −log softmax(A T)[class] + (λ/2) ‖T‖² without the free bias, T [q, classes] a cell. A: rows
in singular coordinates, so that the diagonal of its curvature is a good preconditioner: its columns are orthogonal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

NEWTON_STEPS = 30  # where λ = 0 and the classes are separable, no optimum exists: it stops there
CONJUGATE_STEPS = 300  # within one of Newton's
HALVINGS = 40  # of a step that would raise f
DIRECT = 1_000  # parameters, up to which the curvature is written out
DECREMENT = 1e-24  # of the squared Newton decrement, twice what f can still fall: the optimum
ROUNDING = 1e-14  # of f, up to which a rise is none


def minimise_cross_entropy(rows: Tensor, targets: Tensor, weight_decay: Sequence[float], free_bias: bool) -> Tensor:
    """T [cells, q, classes] at each λ; the last of q is the bias when it is free.

    rows: [n, k] with orthogonal columns; targets: one-hot [n, classes].
    """
    design = torch.cat([rows, torch.ones_like(rows[:, :1])], dim=1) if free_bias else rows
    penalised = torch.ones(design.shape[1], dtype=torch.float64)
    if free_bias:
        penalised[-1] = 0.0
    return torch.stack([_minimum(design, targets, decay * penalised[:, None]) for decay in weight_decay])


def _minimum(design: Tensor, targets: Tensor, penalty: Tensor) -> Tensor:
    """T [q, classes] for a penalty [q, 1] on each row of T."""
    n = len(design)
    solution = torch.zeros(design.shape[1], targets.shape[1], dtype=torch.float64)
    value = _value(design, targets, penalty, solution)
    for _ in range(NEWTON_STEPS):
        shares = torch.softmax(design @ solution, dim=1)
        gradient = design.T @ (shares - targets) / n + penalty * solution

        step = None
        if solution.numel() <= DIRECT:
            step = _direct(_hessian(design, shares, penalty), gradient)
        if step is None:
            step = _iterated(design, shares, penalty, gradient)
        decrement = -float((step * gradient).sum())
        if not decrement > DECREMENT:
            break
        size = 1.0
        for _ in range(HALVINGS):
            further = _value(design, targets, penalty, solution + size * step)
            if further <= value - 1e-4 * size * decrement + ROUNDING * (1 + abs(value)):
                break
            size /= 2
        else:
            break
        solution, value = solution + size * step, further
    return solution


def _value(design: Tensor, targets: Tensor, penalty: Tensor, solution: Tensor) -> float:
    loss = -(torch.log_softmax(design @ solution, dim=1) * targets).sum(1).mean()
    return float(loss + (penalty * solution.square()).sum() / 2)


def _hessian(design: Tensor, shares: Tensor, penalty: Tensor) -> Tensor:
    """The curvature [q·classes, q·classes]; a shift of all logits, which f does not feel, gets curvature 1."""
    n, q, classes = len(design), design.shape[1], shares.shape[1]
    curvature = torch.empty(q, classes, q, classes, dtype=torch.float64)
    for k in range(classes):
        for m in range(k, classes):
            weights = shares[:, k] * (float(k == m) - shares[:, m]) / n
            curvature[:, k, :, m] = curvature[:, m, :, k] = design.T @ (weights[:, None] * design)
    each = torch.arange(q)
    shift = torch.eye(classes, dtype=torch.float64) * penalty[:, :, None] + (penalty == 0)[:, :, None] / classes
    curvature[each, :, each, :] += shift
    return curvature.reshape(q * classes, q * classes)


def _direct(hessian: Tensor, gradient: Tensor) -> Tensor | None:
    """−H⁻¹g; None where H is singular to the precision of the arithmetic."""
    root, failed = torch.linalg.cholesky_ex(hessian)
    return None if failed else -torch.cholesky_solve(gradient.reshape(-1, 1), root).reshape(gradient.shape)


def _iterated(design: Tensor, shares: Tensor, penalty: Tensor, gradient: Tensor) -> Tensor:
    """The same without writing the curvature out."""
    n = len(design)

    def curvature(direction: Tensor) -> Tensor:
        change = shares * (design @ direction)
        return design.T @ (change - shares * change.sum(1, keepdim=True)) / n + penalty * direction

    diagonal = design.square().sum(0)[:, None] / n * (shares * (1 - shares)).mean(0) + penalty
    return _conjugate_gradients(curvature, gradient, diagonal.clamp_min(1e-300))


def _conjugate_gradients(curvature: Callable[[Tensor], Tensor], gradient: Tensor, diagonal: Tensor) -> Tensor:
    """−H⁻¹g, the more exactly the smaller g is, so that Newton's method converges faster than linearly."""
    step, rest = torch.zeros_like(gradient), -gradient
    scaled = rest / diagonal
    direction, size = scaled.clone(), float((rest * scaled).sum())
    enough = size * min(0.25, size**0.5) ** 2
    for _ in range(CONJUGATE_STEPS):
        if not size > max(enough, 1e-300):
            break
        bent = curvature(direction)
        along = float((direction * bent).sum())
        if not along > 0:
            break
        step = step + (size / along) * direction
        rest = rest - (size / along) * bent
        scaled = rest / diagonal
        size, before = float((rest * scaled).sum()), size
        direction = scaled + (size / before) * direction
    return step
