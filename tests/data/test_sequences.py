"""Demonstrations in pieces of lives: every transition once, in the order lived, memory begun where it must be."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.api import SequenceSource
from townlet.data import demonstrations
from townlet.errors import UsageError


@pytest.fixture
def source(record):
    return demonstrations(record(blocks=6, ticks=20), 0.25, 3)


def counted(piece):
    return [(int(t), int(r)) for t, r in piece.features[piece.counts][:, :2]]


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize(("length", "size"), [(1, 1), (7, 7), (8, 64), (33, 500), (1000, 1)])
def test_a_pass_holds_every_transition_of_its_part_once(source, length, size, seed) -> None:
    assert isinstance(source, SequenceSource)
    for part in ("train", "validation"):
        pieces = list(source.sequences(part, length, size, seed=seed))
        found = [key for piece in pieces for key in counted(piece)]
        assert len(found) == len(set(found)) == source.size(part) > 0
        single = [(int(t), int(r)) for b in source.batches(part, 99) for t, r in b.observations.features[:, :2]]
        assert set(found) == set(single)
        assert all(piece.actions.shape[0] <= length for piece in pieces)
        assert all(piece.actions.shape[1] <= max(1, size // length) for piece in pieces)


def test_ticks_follow_each_other_and_memory_begins_with_pieces_and_lives(source) -> None:
    block = source.dataset.read(0, source.dataset.ticks)
    for piece in source.sequences("train", 9, 90, seed=4):
        ticks, rows = piece.features[..., 0].astype(int), piece.features[..., 1].astype(int)
        assert (np.diff(ticks, axis=0) == 1).all()
        assert (rows == rows[:1]).all()
        assert piece.starts[0].all()
        assert np.array_equal(piece.starts[1:], block.episode_start[ticks, rows][1:])
        assert np.array_equal(piece.actions, block.actions[ticks, rows])
        assert piece.counts.any(axis=0).all()


def test_the_same_seed_gives_the_same_order_and_another_one_another(source) -> None:
    def order(seed):
        return [key for piece in source.sequences("train", 8, 64, seed=seed) for key in counted(piece)]

    assert order(1) == order(1)
    assert order(1) != order(2)


@pytest.mark.parametrize(("length", "size"), [(0, 8), (8, 0)])
def test_lengths_below_one_are_refused(source, length, size) -> None:
    with pytest.raises(UsageError):
        next(source.sequences("train", length, size))
