"""Which parameters of a module are biases, and all else of it that is no parameter or buffer, as bytes."""

from __future__ import annotations

import hashlib
import io
import pickle
import re
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

BIAS = re.compile(r"(?:.*_)?bias(?:es)?\d*(?:_.*)?")  # bias, in_proj_bias, bias_ih_l0, bias_k, out_bias_2, biases
SHORT_BIAS = re.compile(r"b_?\d*")  # b, b1, b_2


def biases(module: nn.Module) -> list[str]:
    """The names of parameters that count as biases, which are not decayed unless decay_bias.

    A bias is a parameter whose own name has the word `bias`, as in torch.nn: bias (of norm layers, too),
    in_proj_bias, bias_ih_l0, bias_k. So is one called b, b1 or b_2 that has at most one axis longer than one.
    Numbers in a ParameterList go by the name of the list; keys of a ParameterDict, by their own or the dict's.
    A parametrized tensor goes by the name of what is parametrized.
    """
    owners = dict(module.named_modules())
    return [name for name, parameter in module.named_parameters() if _is_bias(owners, name, parameter)]


def _is_bias(owners: dict[str, nn.Module], name: str, parameter: Tensor) -> bool:
    parts = name.split(".")
    if "parametrizations" in parts:
        own = {parts[parts.index("parametrizations") + 1]}
    else:
        own = {parts.pop()}
        while isinstance(owners[".".join(parts)], nn.ParameterList | nn.ParameterDict):
            own.add(parts.pop())
    long_axes = sum(size > 1 for size in parameter.shape)
    return any(BIAS.fullmatch(each) or (SHORT_BIAS.fullmatch(each) and long_axes <= 1) for each in own)


def signature(module: nn.Module) -> str | None:
    """A digest of all that a module is but the numbers in its parameters and buffers; None if it cannot be told.

    Modules of equal signature may be vectorised together: class, structure, plain attributes (tensors and arrays
    among them), hooks, shapes, types and ties of parameters.
    """
    sink = io.BytesIO()
    try:
        _Walker(sink).dump(module)
    except Exception:  # what pickle meets raises as it likes: lambdas, local classes, generators, open files
        return None
    return hashlib.sha256(sink.getvalue()).hexdigest()[:16]


class _Walker(pickle.Pickler):
    """Pickles a module with its parameters and buffers as shapes; the bytes are compared, never read."""

    def __init__(self, sink: io.BytesIO) -> None:
        super().__init__(sink, protocol=4)
        self.numbers: dict[int, int] = {}  # of parameters and buffers by identity: ties show as equal numbers

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, nn.Module):
            kind = type(value).__mro__[1] if parametrize.is_parametrized(value) else type(value)
            inside = {
                **vars(value),
                "_parameters": {name: self._shape(tensor) for name, tensor in value._parameters.items()},
                "_buffers": {name: self._shape(tensor) for name, tensor in value._buffers.items()},
            }
            return _stands_for, (kind,), inside
        if isinstance(value, Tensor):
            plain = value.detach().cpu().contiguous()
            content = plain.reshape(-1).view(torch.uint8).numpy().tobytes() if plain.numel() else b""
            return _stands_for, (type(value), str(value.dtype), tuple(value.shape), value.requires_grad, content)
        return NotImplemented

    def _shape(self, tensor: Tensor | None) -> Any:
        if tensor is None:
            return None
        number = self.numbers.setdefault(id(tensor), len(self.numbers))
        return number, type(tensor), str(tensor.dtype), tuple(tensor.shape), tensor.requires_grad


def _stands_for(*content: object) -> object:
    """Never called: what the bytes say would be made."""
    return content
