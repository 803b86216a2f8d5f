"""A small convolutional network for 8 × 8 images, as an example of `model: {kind: module}`."""

from torch import nn


def make(n_features: int, n_outputs: int) -> nn.Module:
    """A fresh network; called once a seed with torch's generator set to that seed's stream."""
    assert n_features == 64
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 8, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 4 * 4, n_outputs),
    )
