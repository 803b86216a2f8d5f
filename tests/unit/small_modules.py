"""Factories of modules, good and bad, that tests name in `model.factory`."""

import torch
from torch import nn

NOT_CALLABLE = 3


def two_layers(n_features, n_outputs):
    return nn.Sequential(nn.Linear(n_features, 8), nn.Tanh(), nn.Linear(8, n_outputs))


class WithBuffer(nn.Module):
    """Weights of several shapes, a buffer and a parameter whose name is not `bias`."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.register_buffer("shift", torch.full((n_features,), 0.1))
        self.scale = nn.Parameter(torch.ones(n_features))
        self.norm = nn.LayerNorm(n_features)
        self.last = nn.Linear(n_features, n_outputs)

    def forward(self, inputs):
        return self.last(self.norm(inputs * self.scale + self.shift))


class Idle(nn.Module):
    """No prediction depends on the bias, so no gradient ever moves it: decay is alone with it."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_outputs, n_features))
        self.bias = nn.Parameter(torch.ones(n_outputs))

    def forward(self, inputs):
        return 0 * (inputs @ self.weight.T + self.bias.clamp(0, 1))


def without_sizes():
    return nn.Linear(33, 1)


def wrong_width(n_features, n_outputs):
    return nn.Linear(n_features, n_outputs + 1)


def wrong_input(n_features, n_outputs):
    return nn.Linear(n_features + 1, n_outputs)


def flat_output(n_features, n_outputs):
    return nn.Sequential(nn.Linear(n_features, n_outputs), nn.Flatten(0))


def dropout_of_zero(n_features, n_outputs):
    return nn.Sequential(nn.Linear(n_features, 4), nn.Dropout(0.0), nn.Linear(4, n_outputs))


def lazy(n_features, n_outputs):
    return nn.LazyLinear(n_outputs)


def no_parameters(n_features, n_outputs):
    return nn.Flatten()


def no_module(n_features, n_outputs):
    return "a module"


def fails(n_features, n_outputs):
    raise RuntimeError("no luck\nat all")
