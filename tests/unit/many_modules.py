"""Factories of modules of many kinds, for tasks of any size; tests name them in `model.factory`."""

import random

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, parametrize


def small(n_features, n_outputs, *between, width=12):
    return nn.Sequential(nn.Linear(n_features, width), *between, nn.Linear(width, n_outputs))


# --- state that is no trained parameter ------------------------------------------------------------


class RandomFeatures(nn.Module):
    """Random Fourier features in a buffer."""

    def __init__(self, n_features, n_outputs, width=40):
        super().__init__()
        self.register_buffer("omega", torch.randn(n_features, width) / n_features**0.5)
        self.head = nn.Linear(width, n_outputs)

    def forward(self, rows):
        return self.head(torch.cos(rows @ self.omega))


class PlainTensors(nn.Module):
    """A mask and a list of tensors as plain attributes, a non-persistent buffer, one of whole numbers, a number."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.mask = (torch.rand(n_features) < 0.7).float()
        self.shifts = [torch.randn(8)]
        self.scale = random.uniform(0.5, 1.5)
        self.register_buffer("order", torch.randperm(n_features), persistent=False)
        self.register_buffer("power", torch.tensor(2))
        self.first, self.last = nn.Linear(n_features, 8), nn.Linear(8, n_outputs)

    def forward(self, rows):
        hidden = self.first((rows * self.mask)[:, self.order]) + self.shifts[0]
        return self.last(torch.tanh(hidden * self.scale) ** self.power)


def masks_in_closures(n_features, n_outputs):
    mask = (torch.rand(n_features) < 0.5).float()

    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Linear(n_features, n_outputs)

        def forward(self, rows):
            return self.net(rows * mask)

    return Masked()


def another_width_for_each_seed(n_features, n_outputs):
    return small(n_features, n_outputs, nn.Tanh(), width=int(torch.randint(4, 12, ())))


def drawn_with_numpy(n_features, n_outputs):
    net = small(n_features, n_outputs, nn.Tanh())
    with torch.no_grad():
        net[0].weight.copy_(torch.as_tensor(np.random.randn(12, n_features) / n_features**0.5))
        net[0].bias.fill_(random.gauss(0, 1))
    return net


# --- which parameters train, decay and count -------------------------------------------------------


def frozen(n_features, n_outputs):
    net = nn.Sequential(nn.Linear(n_features, 32), nn.Tanh(), nn.Linear(32, n_outputs))
    for parameter in net[0].parameters():
        parameter.requires_grad_(False)
    return net


class Unused(nn.Module):
    """A layer that the output never meets, and one that it meets times zero."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.spare = nn.Linear(n_features, 3)
        self.times_zero = nn.Linear(n_features, n_outputs)
        self.net = nn.Linear(n_features, n_outputs)

    def forward(self, rows):
        return self.net(rows) + 0 * self.times_zero(rows)


class HandWritten(nn.Module):
    """Parameters under names of their own."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.w1, self.b1 = nn.Parameter(torch.randn(n_features, 6) / 9), nn.Parameter(torch.randn(6))
        self.weights = nn.ParameterList([torch.randn(6, n_outputs)])
        self.last = nn.ParameterDict({"out_bias": torch.randn(1, n_outputs), "gain": torch.ones(n_outputs)})

    def forward(self, rows):
        return (torch.tanh(rows @ self.w1 + self.b1) @ self.weights[0]) * self.last["gain"] + self.last["out_bias"]


class LowRank(nn.Module):
    """A frozen layer with a trained correction of low rank, whose factor `b` is no bias."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.base = nn.Linear(n_features, n_outputs).requires_grad_(False)
        self.a, self.b = nn.Parameter(torch.randn(2, n_features) / 9), nn.Parameter(torch.zeros(n_outputs, 2))

    def forward(self, rows):
        return self.base(rows) + rows @ self.a.T @ self.b.T


class Tied(nn.Module):
    """An autoencoder's weight, used twice."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.encode = nn.Linear(n_features, 6, bias=False)
        self.decode = nn.Linear(6, n_features)
        self.decode.weight = nn.Parameter(torch.randn(n_features, 6) / 9)
        self.again = nn.Linear(6, n_features)
        self.again.weight = self.decode.weight
        self.head = nn.Linear(n_features, n_outputs)

    def forward(self, rows):
        hidden = self.encode(rows)
        return self.head(torch.tanh(self.decode(hidden)) + self.again(hidden))


class ReadsThroughAList(nn.Module):
    """A parameter that the forward pass reads as an element of a plain list."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.net = nn.Linear(n_features, n_outputs)
        self.plain = [self.net.weight]

    def forward(self, rows):
        return rows @ self.plain[0].T + self.net.bias


# --- what vmap minds -------------------------------------------------------------------------------


def dropout(n_features, n_outputs):
    return small(n_features, n_outputs, nn.ReLU(), nn.Dropout(0.5))


def alpha_dropout(n_features, n_outputs):
    return small(n_features, n_outputs, nn.SELU(), nn.AlphaDropout(0.3))


class FunctionalDropout(nn.Module):
    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.net = nn.Linear(n_features, n_outputs)

    def forward(self, rows):
        return self.net(F.dropout(rows, 0.2, training=self.training))


class NumpyNoise(nn.Module):
    """Noise from numpy's global generator in training."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.net = nn.Linear(n_features, n_outputs)

    def forward(self, rows):
        noise = torch.as_tensor(np.random.standard_normal(rows.shape), dtype=rows.dtype)
        return self.net(rows + 0.1 * noise if self.training else rows)


class LayerDrop(nn.Module):
    """A layer that some steps skip: it gets no gradient then."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.skipped, self.net = nn.Linear(n_features, n_features), nn.Linear(n_features, n_outputs)

    def forward(self, rows):
        if not self.training or torch.rand(()) < 0.5:
            rows = rows + torch.tanh(self.skipped(rows))
        return self.net(rows)


def batch_norm(n_features, n_outputs):
    return small(n_features, n_outputs, nn.BatchNorm1d(12), nn.ReLU())


def batch_statistics(n_features, n_outputs):
    return small(n_features, n_outputs, nn.BatchNorm1d(12, track_running_stats=False), nn.ReLU())


class Counts(nn.Module):
    """Its output depends on how often it was called in training."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.net, self.calls = nn.Linear(n_features, n_outputs), 0

    def forward(self, rows):
        self.calls += self.training
        return self.net(rows) / (1 + self.calls)


class Clamped(nn.Linear):
    """A forward pass that keeps its weights small."""

    def forward(self, rows):
        with torch.no_grad():
            self.weight.clamp_(-0.1, 0.1)
        return super().forward(rows)


class Averages(nn.Module):
    """A buffer that a new tensor replaces at each step."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.net = nn.Linear(n_features, n_outputs)
        self.register_buffer("mean", torch.zeros(n_features))

    def forward(self, rows):
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * rows.detach().mean(0)
        return self.net(rows - self.mean)


class FrozenAtFirst(nn.Module):
    """A layer that begins to train after three steps."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.late, self.net, self.steps = nn.Linear(n_features, n_outputs), nn.Linear(n_features, n_outputs), 0

    def forward(self, rows):
        self.steps += self.training
        self.late.requires_grad_(self.steps > 3)
        return self.late(rows) + self.net(rows)


def clipped(n_features, n_outputs):
    """Gradients that hooks clip."""
    net = small(n_features, n_outputs, nn.Tanh())
    for parameter in net.parameters():
        parameter.register_hook(lambda gradient: gradient.clamp(-0.01, 0.01))
    return net


def scripted(n_features, n_outputs):
    return torch.jit.script(small(n_features, n_outputs, nn.Tanh()))


class OtherWithFewRows(nn.Module):
    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.many, self.few = nn.Linear(n_features, n_outputs), nn.Linear(n_features, n_outputs)

    def forward(self, rows):
        return self.many(rows) if len(rows) > 10 else self.few(rows)


class SharesStorage(nn.Module):
    """A buffer that is a view of a parameter."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.net = nn.Linear(n_features, n_outputs)
        self.register_buffer("seen", self.net.weight.data)

    def forward(self, rows):
        return self.net(rows) + F.linear(rows, self.seen)


class Branches(nn.Module):
    """Control flow that depends on the data."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.one, self.other = nn.Linear(n_features, n_outputs), nn.Linear(n_features, n_outputs)

    def forward(self, rows):
        return self.one(rows) if rows.sum() > 0 else self.other(rows)


class InPlace(nn.Module):
    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.net = small(n_features, n_outputs, nn.ReLU(inplace=True))

    def forward(self, rows):
        rows.mul_(2).sub_(1)
        return self.net(rows)


class Fresh(InPlace):
    def forward(self, rows):
        return self.net(rows * 2 - 1)


# --- layers ----------------------------------------------------------------------------------------


def norms(n_features, n_outputs):
    return small(n_features, n_outputs, nn.LayerNorm(12), nn.GELU(), nn.GroupNorm(3, 12))


def layer_norm(n_features, n_outputs):
    """Torch rounds its gradient otherwise at other places of a batch of cells."""
    return small(n_features, n_outputs, nn.LayerNorm(17), nn.SiLU(), width=17)


def odd_convolution(n_features, n_outputs):
    return nn.Sequential(
        nn.Unflatten(1, (1, 64)), nn.Conv1d(1, 5, 3), nn.GELU(), nn.Flatten(), nn.Linear(310, n_outputs)
    )


class Residual(nn.Module):
    """A residual block, part of which passes no gradient."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.block, self.head = nn.Linear(n_features, n_features), nn.Linear(n_features, n_outputs)

    def forward(self, rows):
        hidden = rows + F.silu(self.block(rows), inplace=True)
        return self.head(hidden + hidden.detach().mean(1, keepdim=True))


class Reads(nn.Module):
    """Digits as sequences of eight rows."""

    def __init__(self, reader, width, n_outputs):
        super().__init__()
        self.reader, self.head = reader, nn.Linear(width, n_outputs)

    def forward(self, rows):
        read = self.reader(rows.reshape(-1, 8, 8))
        return self.head((read[0] if isinstance(read, tuple) else read)[:, -1])


def gru(n_features, n_outputs):
    return Reads(nn.GRU(8, 6, batch_first=True, bidirectional=True), 12, n_outputs)


def lstm(n_features, n_outputs):
    return Reads(nn.LSTM(8, 6, batch_first=True), 6, n_outputs)


class Attends(nn.Module):
    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, add_bias_kv=True, batch_first=True)
        self.head = nn.Linear(8, n_outputs)

    def forward(self, rows):
        tokens = rows.reshape(-1, 8, 8)
        return self.head(self.attention(tokens, tokens, tokens, need_weights=False)[0].mean(1))


def encoder(n_features, n_outputs):
    return Reads(nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True), 8, n_outputs)


def encoder_with_dropout(n_features, n_outputs):
    return Reads(nn.TransformerEncoderLayer(8, 2, 16, dropout=0.2, batch_first=True), 8, n_outputs)


def convolution(n_features, n_outputs):
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 5, 3), nn.GELU(), nn.Conv2d(5, 7, 3, stride=2), nn.Dropout2d(0.1),
        nn.Flatten(), nn.Linear(28, n_outputs),
    )  # fmt: skip


def plain_convolution(n_features, n_outputs):
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(256, n_outputs),
    )  # fmt: skip


class Embeds(nn.Module):
    """Pixels as whole numbers that are looked up."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.table, self.head = nn.Embedding(17, 3), nn.Linear(3 * n_features, n_outputs)

    def forward(self, rows):
        return self.head(self.table((rows * 16).round().long().clamp(0, 16)).flatten(1))


# --- parametrizations and types --------------------------------------------------------------------


def weight_norm(n_features, n_outputs):
    net = small(n_features, n_outputs, nn.Tanh())
    parametrizations.weight_norm(net[0])
    return net


def old_weight_norm(n_features, n_outputs):
    net = small(n_features, n_outputs, nn.Tanh())
    nn.utils.weight_norm(net[0])
    return net


def spectral_norm(n_features, n_outputs):
    net = small(n_features, n_outputs, nn.Tanh())
    parametrizations.spectral_norm(net[0])
    return net


class Exponential(nn.Module):
    def forward(self, raw):
        return raw.exp() / 9


def positive(n_features, n_outputs):
    net = small(n_features, n_outputs, nn.Tanh())
    parametrize.register_parametrization(net[0], "weight", Exponential())
    parametrize.register_parametrization(net[0], "bias", Exponential())
    return net


class Doubles(nn.Module):
    """A layer in double precision behind one in single precision."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.first, self.last = nn.Linear(n_features, 6), nn.Linear(6, n_outputs, dtype=torch.float64)

    def forward(self, rows):
        return self.last(torch.tanh(self.first(rows)).double())


class Complex(nn.Module):
    """A Fourier layer: complex weights, a real answer."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.filter = nn.Parameter(torch.randn(n_features // 2 + 1, dtype=torch.complex64))
        self.head = nn.Linear(n_features, n_outputs)

    def forward(self, rows):
        return self.head(torch.fft.irfft(torch.fft.rfft(rows) * self.filter, n=rows.shape[1]))


BACKBONE = nn.Linear(64, 5)


def shared_backbone(n_features, n_outputs):
    """A frozen layer that all calls share."""
    for parameter in BACKBONE.parameters():
        parameter.requires_grad_(False)
    return nn.Sequential(BACKBONE, nn.Linear(5, n_outputs))


# --- what cannot be right --------------------------------------------------------------------------


class TwoOutputs(nn.Module):
    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.body, self.head = nn.Linear(n_features, 8), nn.Linear(8, n_outputs)

    def forward(self, rows):
        hidden = torch.tanh(self.body(rows))
        return self.head(hidden), hidden


class Detached(nn.Linear):
    def forward(self, rows):
        return super().forward(rows).detach()


class WholeNumbers(nn.Linear):
    def forward(self, rows):
        return super().forward(rows).round().long()


class Rounds(nn.Module):
    """Fails in its backward pass alone."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.net = nn.Linear(n_features, n_outputs)

    def forward(self, rows):
        hidden = self.net(rows).exp()
        answer = hidden * 1
        hidden.zero_()
        return answer


class OneSize(nn.Module):
    """Knows the size of a batch by heart."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.net = nn.Linear(n_features, n_outputs)

    def forward(self, rows):
        return self.net(rows.view(10, -1))


def all_frozen(n_features, n_outputs):
    return nn.Linear(n_features, n_outputs).requires_grad_(False)


def double(n_features, n_outputs):
    return nn.Linear(n_features, n_outputs).double()


def not_finite(n_features, n_outputs):
    net = nn.Linear(n_features, n_outputs)
    nn.init.constant_(net.weight, torch.inf)
    return net


def own_generator(n_features, n_outputs):
    net = nn.Linear(n_features, n_outputs)
    nn.init.constant_(net.weight, np.random.default_rng().standard_normal())
    return net


SINGLETON = nn.Linear(33, 1)


def same_each_time(n_features, n_outputs):
    return SINGLETON


def shared_parameter(n_features, n_outputs):
    return nn.Sequential(SINGLETON, nn.Linear(1, n_outputs))


def ends_itself(n_features, n_outputs):
    raise SystemExit(3)


def seeds_itself(n_features, n_outputs):
    torch.manual_seed(0)
    return nn.Linear(n_features, n_outputs)
