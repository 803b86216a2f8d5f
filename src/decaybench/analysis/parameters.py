"""What the parameters of one's own modules are: which count as biases, and which do not train."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decaybench.analysis.fact import Fact, plain_fact

METHODS = {
    "biases": "by name; decayed only with decay_bias",
    "frozen": "requires_grad is false; neither trained nor decayed",
    "without_gradient": "none in any step; neither trained nor decayed",
    "starts_alike": "the factory draws the same parameters for every seed",
}


def parameter_facts(told: Mapping[str, Any]) -> dict[str, Fact]:
    """Names of parameters as facts, by the rest of their id; told: of one variant, as cells.parquet has it."""
    return {
        f"parameters/{name}": plain_fact(told[name], "names" if isinstance(told[name], list) else "yes or no", method)
        for name, method in METHODS.items()
        if name in told
    }
