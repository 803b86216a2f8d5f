"""The models, what is trained: their keys, and what jobs need to know of them."""

from __future__ import annotations

import itertools
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from decaybench.config.types import Count, NonNegative, Rate, Real, Strict, as_list, by_kind, with_kind


class ModelKeys(Strict):
    """What the rest asks of a model beside its own keys."""

    # A block is one job. The default must not depend on the grid, or a grown grid would move cells between jobs.
    seeds_per_block: ClassVar[int] = 4

    def n_weights(self, n_features: int, n_outputs: int) -> int:
        """Weights of one training, from which memory and time of jobs are estimated; a million where nobody knows."""
        return 1_000_000


class Linear(ModelKeys):
    """One weight an input and output, and a bias; trained in float64."""

    seeds_per_block: ClassVar[int] = 100
    kind: Literal["linear"] = "linear"
    init_std: NonNegative = Field(1.0, description="standard deviation of the initial weights")
    init_mean: Real = Field(0.0, description="mean of the initial weights")
    bias_init_std: NonNegative = Field(1.0, description="standard deviation of the initial bias")
    bias_init: Real = Field(0.0, description="mean of the initial bias")
    dropout: Rate = Field(0.0, description="share of inputs dropped at each training step")

    def n_weights(self, n_features: int, n_outputs: int) -> int:
        return n_features * n_outputs


class Mlp(ModelKeys):
    """A fully connected network, initialised as torch.nn.Linear does; trained in float32."""

    kind: Literal["mlp"]
    hidden: Annotated[list[Count], Field(min_length=1), BeforeValidator(as_list)] = Field(
        [256], description="units of each hidden layer"
    )
    activation: Literal["relu", "quadratic"] = Field("relu", description="hidden units: max(0, z) or z²")
    dropout: Rate = Field(0.0, description="share of hidden units dropped at each training step")
    init_scale: NonNegative = Field(1.0, description="factor on the default initial weights and biases")

    def n_weights(self, n_features: int, n_outputs: int) -> int:
        return sum(a * b for a, b in itertools.pairwise([n_features, *self.hidden, n_outputs]))


class Module(ModelKeys):
    """Any torch.nn.Module that a factory returns: what an ordinary loop with torch.optim gives, cell by cell."""

    kind: Literal["module"]
    factory: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] = Field(
        description="package.module:name of a callable (n_features, n_outputs) → torch.nn.Module"
    )


Model = Annotated[Linear | Mlp | Module, Field(discriminator="kind"), with_kind("linear")]
MODELS = by_kind(Model)
