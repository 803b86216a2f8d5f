"""How far measurement is from theory, at worst: the largest of all distances, of how many, and what chance gives."""

from __future__ import annotations

from collections.abc import Mapping

from scipy import stats

from decaybench.analysis.fact import Fact, plain_fact

Z = "/theory_z"


def worst_miss_facts(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """Facts of all comparisons with theory together, by id: theory/largest_z and the like; none where there are none.

    The chance is that of a largest distance as large or larger, were theory right and all comparisons independent;
    those of one seed's λ are not, so the true chance is larger. A standard error from n seeds has Student's t.
    """
    misses = {key: fact for key, fact in facts.items() if key.endswith(Z) and fact["value"] is not None}
    if not misses:
        return {}
    tails = {key: 2 * float(stats.t.sf(abs(fact["value"]), fact["n"] - 1)) for key, fact in misses.items()}
    worst = min(tails, key=lambda key: tails[key])
    largest, m = misses[worst], len(misses)
    off = max(abs(facts[key.removesuffix(Z) + "/theory_residual"]["value"] or 0.0) for key in misses)
    return {
        "theory/largest_z": plain_fact(largest["value"], "standard errors", largest["method"], largest["n"]),
        "theory/largest_z_at": plain_fact(worst.removesuffix(Z), "study, variant and λ", "least likely of all", m),
        "theory/n_compared": plain_fact(m, "comparisons", "count"),
        "theory/chance": plain_fact(1 - (1 - tails[worst]) ** m, "probability", "of one so large among all", m),
        "theory/largest_residual": plain_fact(off, "share", "largest distance from theory's loss, as a share", m),
    }
