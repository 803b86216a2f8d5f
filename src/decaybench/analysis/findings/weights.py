"""What became of the weights themselves, as outcomes; see `findings`."""

from __future__ import annotations

from decaybench.analysis.findings.intervals import compare, sign
from decaybench.analysis.variants import VariantView

SPREADS = ("forgets", "narrows", "widens", "no_difference", "unknown", "nothing")
KEPT = ("directions", "alike", "reversed", "unknown")
LONGER = ("some", "none", "unknown")
ZEROS = ("none", "same", "more", "unknown")
SIGNS = ("better", "worse", "no_difference", "unknown")
MEMORIES = ("forgets", "learns", "no_difference", "unknown", "nothing")
HARDLY = 0.01  # a share of the weights that nobody would miss


def told(view: VariantView) -> str:
    """The λ that is held against the smallest: the article's, else the chosen one, else the largest; "" if alone."""
    if len(view.measured) < 2:
        return ""
    chosen = view.chosen if view.chosen not in (None, view.first) else None
    return view.article or chosen or view.last


def both(view: VariantView, metric: str) -> bool:
    """Whether a metric stands at the told λ and at the smallest: where one diverged in part, some facts have none."""
    label = told(view)
    return bool(label) and view.has(label, metric) and view.has(view.first, metric)


def spread(view: VariantView) -> str:
    """Whether the weights still lie as scattered as they started at the smallest λ, and no longer at the told one."""
    label, start = told(view), view.facts.get(f"{view.prefix}/weights/start_spread")
    if start is None or not both(view, "weight_spread"):
        return "nothing"
    first, then = view.fact(view.first, "weight_spread"), view.fact(label, "weight_spread")
    order = compare(then, first)
    if order == "below" and start["low"] is not None:
        stays = first["low"] > 0.9 * start["high"] and first["high"] < 1.1 * start["low"]
        return "forgets" if stays and then["high"] < 0.5 * first["low"] else "narrows"
    return {"below": "narrows", "above": "widens", "around": "no_difference", "unknown": "unknown"}[order]


def kept(view: VariantView) -> str:
    """Whether decay spares the strong directions of the data and takes the weak ones."""
    label = told(view)
    if not both(view, "weight_kept_strong"):
        return "unknown"
    order = compare(view.fact(label, "weight_kept_strong"), view.fact(label, "weight_kept_weak"))
    return {"above": "directions", "below": "reversed", "around": "alike", "unknown": "unknown"}[order]


def longer(view: VariantView) -> str:
    """Whether some single weights end up larger with decay than without."""
    label = told(view)
    if not both(view, "weight_longer"):
        return "unknown"
    share = view.fact(label, "weight_longer")
    if share["low"] is None or share["low"] <= HARDLY < share["high"]:
        return "unknown"
    return "some" if share["low"] > HARDLY else "none"


def zeros(view: VariantView) -> str:
    """Whether the largest λ leaves weights of exactly zero that the smallest does not."""
    if not told(view) or not (view.has(view.first, "weight_zeros") and view.has(view.last, "weight_zeros")):
        return "unknown"
    before, after = (int(view.fact(label, "weight_zeros")["value"]) for label in (view.first, view.last))
    if after == 0:
        return "none"
    return "more" if after > before else "same"


def signs(view: VariantView) -> str:
    """Whether more weights have the sign of the truth at the told λ than at the smallest."""
    label = told(view)
    if not both(view, "weight_sign_right"):
        return "unknown"
    order = compare(view.fact(label, "weight_sign_right"), view.fact(view.first, "weight_sign_right"))
    return {"above": "better", "below": "worse", "around": "no_difference", "unknown": "unknown"}[order]


def memorised(view: VariantView) -> str:
    """Whether fewer wrong labels must be known by heart at the told λ than at the smallest."""
    label = told(view)
    if not both(view, "memorised"):
        return "nothing"
    before = view.fact(view.first, "memorised")
    if sign(before) == "unknown":
        return "unknown"
    order = compare(view.fact(label, "memorised"), before)
    return {"above": "learns", "below": "forgets", "around": "no_difference", "unknown": "unknown"}[order]
