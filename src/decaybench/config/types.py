"""The types of config keys: numbers as YAML writes them, lists without repeats, mappings with a kind."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

# The languages that the page speaks: English, and every one that has a catalogue.
LANGUAGES = ("en", *sorted(path.name for path in (Path(__file__).parents[1] / "report" / "locale").iterdir()))
if TYPE_CHECKING:
    Language = str
else:
    Language = Literal[LANGUAGES]


class InputError(ValueError):
    """What a person can mend; the message has one line a problem."""


class ConfigError(InputError):
    """A config that cannot be run."""


def number(value: Any) -> Any:
    """Refuse booleans; take a number that YAML left as a string (it reads 1e-4 so)."""
    if isinstance(value, bool):
        raise ValueError(f"must be a number, got {str(value).lower()}")
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise ValueError(f"must be a number, got {value!r}") from None
    return value


def whole(value: Any) -> Any:
    value = number(value)
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"must be a whole number, got {value:g}")
    return int(value) if isinstance(value, float) else value


def no_duplicates(values: list[Any]) -> list[Any]:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        first = twice[0] if isinstance(twice[0], str) else f"{twice[0]:g}"
        raise ValueError(f"has {first} more than once")
    return values


def as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def with_kind(default: str) -> BeforeValidator:
    """A mapping that does not say its kind is of the default one."""
    return BeforeValidator(lambda value: {"kind": default, **value} if isinstance(value, dict) else value)


def _positive_zero(value: float) -> float:
    return value + 0.0  # -0.0 and 0.0 are one weight decay


Real = Annotated[float, BeforeValidator(number)]
NonNegative = Annotated[float, BeforeValidator(number), Field(ge=0), AfterValidator(_positive_zero)]
Positive = Annotated[float, BeforeValidator(number), Field(gt=0)]
Count = Annotated[int, BeforeValidator(whole), Field(ge=1)]
Rate = Annotated[float, BeforeValidator(number), Field(ge=0, lt=1)]
Seed = Annotated[int, BeforeValidator(whole), Field(ge=0, lt=2**32)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def by_kind(union: Any) -> dict[str, type[Strict]]:
    """The members of a union by their kind."""
    return {get_args(cls.model_fields["kind"].annotation)[0]: cls for cls in get_args(get_args(union)[0])}
