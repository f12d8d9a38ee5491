"""Forward passes: what a row is answered does not depend on how many others are asked with it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from townlet_backend_pytorch.passes import Passes

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")


class Kernels(nn.Module):
    """A network that rounds by the number of rows, as some libraries do on some processors."""

    def __init__(self, rounds_alike: bool) -> None:
        super().__init__()
        self.memory = None
        self.rounds_alike = rounds_alike
        self.sizes: list[int] = []

    def forward(self, codes: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        del codes
        self.sizes.append(len(features))
        step = 0.0 if self.rounds_alike else 1e-6 * len(features)
        scores = features * 2.0 + step
        return scores, scores.sum(1)


class Rememberers(Kernels):
    """The same with a memory, in which alone the rounding shows."""

    def step(self, codes: Tensor, features: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        scores, values = features * 2.0, features.sum(1)
        _, drift = self(codes, features)
        return scores, values, memory + drift[:, None]


def answers(passes: Passes, features: np.ndarray, memory: np.ndarray | None = None) -> np.ndarray:
    codes = np.zeros((len(features), 0, 0, 0), np.uint8)
    rows = [
        torch.cat([part.flatten(1) if part.ndim > 1 else part[:, None] for part in answer if part is not None], 1)
        for _, answer in passes.run(codes, features, memory)
    ]
    return torch.cat(rows).numpy()


@pytest.fixture
def features():
    return np.random.default_rng(0).random((700, 3), np.float32)


@pytest.mark.parametrize("rounds_alike", [False, True])
@pytest.mark.parametrize("unit", [8, 64, 100])
def test_a_row_is_answered_the_same_in_any_company(features, rounds_alike, unit):
    whole = answers(Passes(Kernels(rounds_alike), CPU, unit), features)
    for count in (1, 7, 16, 63, 64, 65, 200, 699):
        assert np.array_equal(answers(Passes(Kernels(rounds_alike), CPU, unit), features[:count]), whole[:count]), count
    used = Passes(Kernels(rounds_alike), CPU, unit)
    for first in range(0, 700, 35):
        assert np.array_equal(answers(used, features[first : first + 35]), whole[first : first + 35]), first


def test_a_memory_counts_as_an_answer(features):
    memory = np.zeros((700, 2), np.float32)
    whole = answers(Passes(Rememberers(False), CPU, 64), features, memory)
    assert np.array_equal(answers(Passes(Rememberers(False), CPU, 64), features[:9], memory[:9]), whole[:9])


def test_the_answer_is_that_of_a_pass_of_the_unit(features):
    other = answers(Passes(Kernels(False), CPU, 32), features)
    assert not np.array_equal(other, answers(Passes(Kernels(False), CPU, 64), features))
    by_hand = Kernels(False)(torch.empty(0), torch.from_numpy(features[:32]))
    assert np.array_equal(other[:32], torch.cat([by_hand[0], by_hand[1][:, None]], 1).numpy())


def test_larger_passes_are_used_where_they_give_the_same_bits(features):
    network = Kernels(True)
    passes = Passes(network, CPU, 64)
    answers(passes, np.tile(features, (4, 1)))
    network.sizes.clear()
    answers(passes, np.tile(features, (4, 1)))
    assert network.sizes == [1024, 1024, 1024]
    answers(passes, features[:8])
    network.sizes.clear()
    answers(passes, features[:8])
    assert network.sizes == [16], "one small town is not filled up to a whole unit"


def test_a_size_that_rounds_otherwise_is_tried_once(features):
    network = Kernels(False)
    passes = Passes(network, CPU, 64)
    answers(passes, features)
    network.sizes.clear()
    answers(passes, features)
    assert set(network.sizes) == {64}
