"""The tasks, where data come from: their keys, and how many rows each part has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from decaybench.config.types import (
    Count,
    NonNegative,
    Positive,
    Rate,
    Real,
    Strict,
    by_kind,
    no_duplicates,
    whole,
    with_kind,
)

LEAST_ROWS = 10  # that a part keeps when it makes room for others


class TaskKeys(Strict):
    """What the rest asks of a task beside its own keys.

    A task has `kind`, `n_train`, `n_validation` and `n_test`, the number of its inputs as `n_features` (a key or a
    property), and `n_classes` where its target is a class.
    """

    called: ClassVar[Mapping[str, str]] = {}  # its data in a reader's words, by language
    collected: ClassVar[bool] = False  # whether its rows were collected: seeds are then random splits of one data set

    def deciding(self) -> dict[str, Any]:
        """All of it that numbers depend on."""
        return self.model_dump(mode="json")


class GaussianLinear(TaskKeys):
    """y = x·w + b + noise with standard normal inputs: the article's task."""

    kind: Literal["gaussian_linear"] = "gaussian_linear"
    n_train: Count = Field(20, description="training rows")
    n_validation: Count = Field(100, description="validation rows, on which λ is chosen")
    n_test: Count = Field(100, description="test rows, only reported")
    n_features: Count = Field(200, description="inputs p")
    weight: Real = Field(0.01, description="true weight of every input")
    bias: Real = Field(0.05, description="true bias")
    noise_std: NonNegative = Field(0.01, description="standard deviation of the target noise σ")


class Polynomial(TaskKeys):
    """A cubic in one variable, fitted with polynomials in an orthonormal Legendre basis."""

    kind: Literal["polynomial"]
    n_train: Count = Field(20, description="training rows")
    n_validation: Count = Field(100, description="validation rows")
    n_test: Count = Field(100, description="test rows")
    degree: Annotated[int, BeforeValidator(whole), Field(ge=1, le=30)] = Field(
        12, description="degree that is fitted"
    )
    noise_std: NonNegative = Field(0.3, description="standard deviation of the target noise σ")

    @property
    def n_features(self) -> int:
        return self.degree


class Finite(TaskKeys):
    """A task with so many rows and no more.

    Validation and test parts that are left out have their defaults, or what the other parts leave of the rows.
    """

    PARTS: ClassVar[tuple[str, ...]] = ("n_train", "n_validation", "n_test")
    ROWS: ClassVar[int]

    @classmethod
    def count_rows(cls, keys: Mapping[str, Any]) -> int:
        """The rows of all parts together."""
        return cls.ROWS

    @classmethod
    def default_sizes(cls, keys: Mapping[str, Any]) -> dict[str, int]:
        """n_validation and n_test where `keys` leave them out; none where `keys` have no valid sizes.

        Parts shrink in proportion to their defaults, each to LEAST_ROWS at least.
        """
        try:
            sizes = {name: int(whole(cls._default(name, keys))) for name in cls.PARTS}
            left = cls.count_rows(keys) - sum(sizes[name] for name in cls.PARTS if name == "n_train" or name in keys)
        except (ValueError, TypeError, OverflowError):
            return {}  # the keys' own types say what is wrong
        free = [name for name in ("n_validation", "n_test") if name not in keys]
        wanted = sum(sizes[name] for name in free)
        found: dict[str, int] = {}
        for name in free:
            others = LEAST_ROWS * (len(free) - len(found) - 1)
            share = sizes[name] if left >= wanted else min(left * sizes[name] // wanted, left - others)
            found[name] = max(LEAST_ROWS, share)
            left, wanted = left - found[name], wanted - sizes[name]
        return found

    @classmethod
    def _default(cls, name: str, keys: Mapping[str, Any]) -> Any:
        return keys.get(name, cls.model_fields[name].default)

    @model_validator(mode="before")
    @classmethod
    def _make_room(cls, keys: Any) -> Any:
        return {**keys, **cls.default_sizes(keys)} if isinstance(keys, dict) else keys

    def shortage(self) -> str | None:
        """One line when the parts take more rows than there are, with sizes that would fit."""
        rows, sizes = self.count_rows(self.__dict__), {name: int(getattr(self, name)) for name in self.PARTS}
        excess = sum(sizes.values()) - rows
        if excess <= 0:
            return None
        of_task = f"the {rows} rows of {self.__dict__['kind']}"
        if sizes["n_train"] <= rows:
            fits = [f"{name} to {size - excess}" for name, size in sizes.items() if size > excess]
            asked = " + ".join(map(str, sizes.values()))
            return (
                f"n_train: n_train + n_validation + n_test = {asked} = {rows + excess} is more than {of_task}; "
                f"lower {' or '.join(fits) or 'all of them'} "
                f"(a part that is left out keeps at least {LEAST_ROWS})"
            )
        most, validation, test = sizes["n_train"] - excess, sizes["n_validation"], sizes["n_test"]
        if most < 1:
            most, validation, test = rows - 2, 1, 1
        return (
            f"n_train: {sizes['n_train']} is more than {of_task}; at most {most}, "
            f"with n_validation: {validation} and n_test: {test}"
        )


class ModularAddition(Finite):
    """(a + b) mod m from one-hot a and b: the task on which networks grok."""

    called: ClassVar[Mapping[str, str]] = {"en": "modular addition", "zh": "模加法"}

    kind: Literal["modular_addition"]
    modulus: Annotated[int, BeforeValidator(whole), Field(ge=3, le=199)] = Field(31, description="m")
    n_train: Count = Field(480, description="training pairs out of m²")
    n_validation: Count = Field(200, description="validation pairs; left out: fewer where n_train needs them")
    n_test: Count = Field(281, description="test pairs; left out: fewer where n_train needs them")

    @classmethod
    def count_rows(cls, keys: Mapping[str, Any]) -> int:
        """All pairs."""
        return int(whole(cls._default("modulus", keys))) ** 2

    @property
    def n_features(self) -> int:
        return 2 * self.modulus

    @property
    def n_classes(self) -> int:
        return self.modulus


class Diabetes(Finite):
    """442 patients, 10 measurements: disease progression after a year, standardised."""

    ROWS: ClassVar[int] = 442
    called: ClassVar[Mapping[str, str]] = {"en": "diabetes", "zh": "糖尿病数据"}
    collected: ClassVar[bool] = True

    kind: Literal["diabetes"]
    n_train: Count = Field(60, description="training rows")
    n_validation: Count = Field(191, description="validation rows; left out: fewer where n_train needs them")
    n_test: Count = Field(191, description="test rows; left out: fewer where n_train needs them")
    degree: Literal[1, 2] = Field(2, description="polynomial features: 1 (10 columns) or 2 (65 columns)")

    @property
    def n_features(self) -> int:
        return 10 if self.degree == 1 else 65


class Digits(Finite):
    """1,797 images of handwritten digits, 8 × 8 pixels."""

    ROWS: ClassVar[int] = 1797
    called: ClassVar[Mapping[str, str]] = {"en": "digits", "zh": "手写数字"}
    collected: ClassVar[bool] = True

    kind: Literal["digits"]
    n_train: Count = Field(300, description="training rows")
    n_validation: Count = Field(500, description="validation rows; left out: fewer where n_train needs them")
    n_test: Count = Field(997, description="test rows; left out: fewer where n_train needs them")
    label_noise: Rate = Field(0.0, description="share of training labels that are replaced by another class")

    @property
    def n_features(self) -> int:
        return 64

    @property
    def n_classes(self) -> int:
        return 10


class BreastCancer(Finite):
    """569 biopsies, 30 measurements: malignant or benign."""

    ROWS: ClassVar[int] = 569
    called: ClassVar[Mapping[str, str]] = {"en": "breast cancer", "zh": "乳腺癌数据"}
    collected: ClassVar[bool] = True

    kind: Literal["breast_cancer"]
    n_train: Count = Field(60, description="training rows")
    n_validation: Count = Field(200, description="validation rows; left out: fewer where n_train needs them")
    n_test: Count = Field(309, description="test rows; left out: fewer where n_train needs them")
    label_noise: Rate = Field(0.0, description="share of training labels that are replaced by another class")

    @property
    def n_features(self) -> int:
        return 30

    @property
    def n_classes(self) -> int:
        return 2


class SplitKeys(Strict):
    """How the rows of a table are shared out."""

    kind: Literal["random", "stratified", "group", "time"] | None = Field(
        None, description="random, stratified, group, time; null: stratified for classes, else random"
    )
    by: str | None = Field(None, description="the column of groups or times")
    train: Positive = Field(0.8, le=1, description="share of training rows")
    validation: Positive = Field(0.1, le=1, description="share of validation rows, on which λ is chosen")
    test: Positive = Field(0.1, le=1, description="share of test rows, only reported")


class Contents(Strict):
    """What a table was found to hold, of all that numbers and jobs depend on; written by us, not by people."""

    sha256: str  # of the file's content
    rows: int
    n_train: int
    n_validation: int
    n_test: int
    n_features: int  # columns of the design matrix
    n_classes: int | None  # None: the target is a number
    class_rows: tuple[int, ...] = ()  # of each class
    split: Literal["random", "stratified", "group", "time"]
    windows: int = 0  # of a split in time: how many the seeds space over the rows


Columns = Annotated[list[str], AfterValidator(no_duplicates)]


class Table(TaskKeys):
    """A table of your own: CSV, TSV or Parquet, or `sklearn:NAME`."""

    collected: ClassVar[bool] = True

    kind: Literal["table"]
    path: str = Field(
        min_length=1,
        description="file, relative to the config file that names it; `sklearn:wine` is a data set of scikit-learn",
    )
    target: str = Field(description="the column to predict")
    problem: Literal["regression", "classification"] | None = Field(
        None, description="regression or classification; null: numbers are regression, all else classification"
    )
    features: Annotated[Columns, Field(min_length=1)] | None = Field(
        None, description="columns to predict from; null: all but target, split.by and drop"
    )
    drop: Columns = Field([], description="columns to leave out")
    categorical: Columns | None = Field(None, description="columns to one-hot; null: those that are not numbers")
    missing: Literal["refuse", "impute"] = Field(
        "refuse",
        description="refuse, or impute: the median of the training rows and an indicator; a level of its own",
    )
    degree: Literal[1, 2] = Field(1, description="2 adds squares and products of the numeric columns")
    split: SplitKeys = Field(default_factory=SplitKeys, description="how rows are shared out, see below")
    folder: str = Field("", description="where path begins; written by decaybench")
    contents: Contents | None = Field(None, description="what the table holds; written by decaybench")

    def deciding(self) -> dict[str, Any]:
        """What the table holds and how it is used, not where it is; sizes in place of shares."""
        keys = self.model_dump(mode="json", exclude={"path", "folder", "contents", "split"})
        return {**keys, "by": self.split.by, **self.found.model_dump(mode="json")}

    @property
    def found(self) -> Contents:
        """What the table holds, once it has been looked at."""
        if self.contents is None:
            raise ValueError(f"{self.path}: the table has not been looked at yet")
        return self.contents

    @property
    def n_train(self) -> int:
        return self.found.n_train

    @property
    def n_validation(self) -> int:
        return self.found.n_validation

    @property
    def n_test(self) -> int:
        return self.found.n_test

    @property
    def n_features(self) -> int:
        return self.found.n_features

    @property
    def n_classes(self) -> int | None:
        return None if self.contents is None else self.contents.n_classes


Task = Annotated[
    GaussianLinear | Polynomial | ModularAddition | Diabetes | Digits | BreastCancer | Table,
    Field(discriminator="kind"),
    with_kind("gaussian_linear"),
]

TASKS = by_kind(Task)
