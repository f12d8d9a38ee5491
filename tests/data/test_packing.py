"""Episodes in rows: none is lost, none overlaps another, and a row belongs to one owner."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.data.packing import arrange


@pytest.mark.parametrize("owners", [None, [0, 0, 5, 5, 5, 0, 5, 2]])
@pytest.mark.parametrize("rows", [1, 3, 8])
def test_every_episode_has_a_place_of_its_own(owners, rows):
    lengths = np.array([7, 1, 3, 3, 9, 2, 4, 1])
    whose = None if owners is None else np.array(owners)
    found = arrange(lengths, rows, whose)
    taken = np.zeros((len(found.owners), found.length), np.int64)
    for each in found.placed:
        taken[each.row, each.start : each.start + lengths[each.episode]] += 1
        assert found.owners[each.row] == (0 if whose is None else whose[each.episode])
    assert sorted(each.episode for each in found.placed) == list(range(8))
    assert taken.max() == 1
    assert taken.sum() == lengths.sum()
    assert [each.start for each in found.placed] == sorted(each.start for each in found.placed)


def test_one_owner_has_as_many_rows_as_there_are():
    assert arrange(np.array([5, 5, 5]), 3).owners.tolist() == [0, 0, 0]
    assert arrange(np.array([5, 5, 5]), 3).length == 5
