"""Averages over the spectrum of Gaussian data: the traces that ridge risk is made of."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np


class SpectrumMoments(NamedTuple):
    """Averages over m x p Gaussian X of traces of S = X'X [p, p] and A = S (S + Lambda)^-1."""

    missed: float  # tr (1 - A)^2 / p: squared bias per unit of ||beta||^2
    inflation: float  # tr S (S + Lambda)^-2: variance per unit of sigma^2
    kept: float  # tr A^2 / p
    dof: float  # tr A


def spectrum_moments(n_rows: float, n_features: float, total_penalty: float) -> SpectrumMoments:
    """Return the averages for m = ``n_rows`` >= 0 rows, no intercept; exact at Lambda = 0 and infinity.

    With k = min(m, p), P = max(m, p) and Q = (K + Lambda)^-1 of the k x k Gram matrix, Stein's identity gives
    k - Lambda G = (P - k - 1) G + Lambda (G^2 + Var tr Q + E tr Q^2) for G = E tr Q, with nothing left out.
    Dropping both E tr Q^2 and Var tr Q, and the -1, is the usual deterministic equivalent, whose error is of
    order 1/(P - k). Dropping Var tr Q alone leaves a Riccati equation whose solution is a mean:
    G = E t, -G' = Var t, dof = P E[t/(1+t)] under the density exp(-Lambda t) t^(k-1) (1+t)^-P on t > 0.
    """
    m, p = float(n_rows), float(n_features)
    k, large = min(m, p), max(m, p)
    if k == 0 or math.isinf(total_penalty):
        return SpectrumMoments(1.0, 0.0, 0.0, 0.0)
    if total_penalty == 0:
        gap = large - k - 1.0
        return SpectrumMoments(max(0.0, 1.0 - m / p), k / gap if gap > 0 else math.inf, k / p, k)
    u = _grid(k, large, total_penalty)
    t = np.exp(u)
    exponent = k * u - total_penalty * t - large * np.logaddexp(0.0, u)
    weight = np.exp(exponent - exponent.max())
    weight /= weight.sum()
    share = 1.0 / (1.0 + 1.0 / t)
    mean, mean_share = float(weight @ t), float(weight @ share)
    spread = float(weight @ (t - mean) ** 2)
    inflation = large * float(weight @ ((t - mean) * (share - mean_share)))
    dof = large * mean_share
    return SpectrumMoments(
        missed=(p - k + total_penalty**2 * spread) / p,
        inflation=inflation,
        kept=max(0.0, dof - total_penalty * inflation) / p,
        dof=dof,
    )


def _grid(k: float, large: float, total_penalty: float) -> np.ndarray:
    """Points of u = log t, evenly spaced, outside of which the density and its moments are below rounding.

    In u its logarithm is concave and smooth, so the trapezoidal rule converges faster than any power. The
    density is largest at the deterministic equivalent of G, where Lambda t^2 + (Lambda + P - k) t = k.
    """
    gap = total_penalty + large - k
    peak = math.log(2.0 * k / (gap + math.sqrt(gap**2 + 4.0 * k * total_penalty)))

    def reach(direction: float, power: float) -> float:
        """How far from the peak the density times t^power has fallen by a factor exp(45)."""

        def height(u: float) -> float:
            softplus = max(u, 0.0) + math.log1p(math.exp(-abs(u)))
            return (k + power) * u - total_penalty * math.exp(min(u, 700.0)) - large * softplus

        top, distance = height(peak), 1e-4
        while height(peak + direction * distance) > top - 45.0:
            distance *= 1.25
        return direction * distance

    return np.linspace(peak + reach(-1.0, 0.0), peak + reach(1.0, 2.0), 2001)
