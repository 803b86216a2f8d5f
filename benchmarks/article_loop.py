"""The article's `train_concise` as people run it: one cell, a DataLoader, nn.Linear, SGD, evaluation as it goes."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def synthetic_data(rows: int, features: int = 200) -> TensorDataset:
    """The article's data: weights 0.01, bias 0.05, noise 0.01."""
    inputs = torch.randn(rows, features)
    targets = inputs @ torch.full((features, 1), 0.01) + 0.05 + 0.01 * torch.randn(rows, 1)
    return TensorDataset(inputs, targets)


def evaluate_loss(net: nn.Module, batches: DataLoader, loss: nn.Module) -> float:
    """Mean loss over a data set."""
    total, count = 0.0, 0
    with torch.no_grad():
        for inputs, targets in batches:
            values = loss(net(inputs), targets)
            total, count = total + float(values.sum()), count + values.numel()
    return total / count


def train_concise(weight_decay: float, epochs: int = 100, learning_rate: float = 0.003) -> float:
    """Train one cell, data included; returns ‖w‖."""
    train_rows, validation_rows, test_rows = synthetic_data(20), synthetic_data(100), synthetic_data(100)
    train_batches = DataLoader(train_rows, batch_size=5, shuffle=True)
    held_out = [DataLoader(rows, batch_size=5) for rows in (validation_rows, test_rows)]
    net = nn.Sequential(nn.Linear(200, 1))
    for parameter in net.parameters():
        parameter.data.normal_()
    loss = nn.MSELoss(reduction="none")
    trainer = torch.optim.SGD(
        [{"params": net[0].weight, "weight_decay": weight_decay}, {"params": net[0].bias}], lr=learning_rate
    )
    for epoch in range(epochs):
        for inputs, targets in train_batches:
            trainer.zero_grad()
            loss(net(inputs), targets).mean().backward()
            trainer.step()
        if (epoch + 1) % 5 == 0:
            for batches in (train_batches, *held_out):
                evaluate_loss(net, batches, loss)
    return float(net[0].weight.norm())


def train_mlp(weight_decay: float, steps: int = 300, batch_size: int = 32) -> float:
    """A 64-128-10 network on random images, SGD with momentum, one cell in an ordinary loop; returns ‖w‖."""
    inputs, targets = torch.rand(320, 64), torch.randint(0, 10, (320,))
    net = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    weights, biases = [net[0].weight, net[2].weight], [net[0].bias, net[2].bias]
    trainer = torch.optim.SGD(
        [{"params": weights, "weight_decay": weight_decay}, {"params": biases}], lr=0.1, momentum=0.9
    )
    loss = nn.CrossEntropyLoss()
    for step in range(steps):
        first = step * batch_size % 320
        trainer.zero_grad()
        loss(net(inputs[first : first + batch_size]), targets[first : first + batch_size]).backward()
        trainer.step()
    return float(sum(weight.square().sum() for weight in weights).sqrt())
