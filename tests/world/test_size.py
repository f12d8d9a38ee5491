"""What a map takes is told before the work."""

from __future__ import annotations

import sys
import tracemalloc
from dataclasses import replace

import pytest

from townlet.config import load_config
from townlet.errors import MapError
from townlet.world import compile_town
from townlet.world.maps import load_map, parse_map
from townlet.world.size import LargeMapWarning, MapSize


def enlarged(side: int):
    """The hamlet in the corner of a wide street."""
    hamlet = load_map("hamlet")
    closed, open_ground = hamlet.rows[0][0], next(g for g, is_a in hamlet.legend.items() if is_a == "street")
    wide = [row[:-1] + open_ground * (side - len(row)) + closed for row in hamlet.rows[1:-1]]
    wide += [closed + open_ground * (side - 2) + closed] * (side - 2 - len(wide))
    return replace(hamlet, rows=(closed * side, *wide, closed * side))


def test_the_estimate_of_memory_is_near_what_is_taken() -> None:
    source = enlarged(700)
    compile_town(load_config(None, ["town.map=hamlet"]).town)  # compiled functions do not count
    tracemalloc.start()
    try:
        compile_town(source=source)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0.6 < taken / MapSize.of(source).memory < 1.2


def test_a_map_larger_than_the_memory_is_refused_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("townlet.world.size.machine_bytes", lambda: 1 << 20)
    monkeypatch.setattr(sys.modules["townlet.world.compile_town"], "read_ground", None)  # not asked
    with pytest.raises(MapError, match=r"a map of 200 x 200 tiles with 4 places takes .* this machine has 0\.0 GiB"):
        compile_town(source=enlarged(200))


def test_a_large_map_is_told_and_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("townlet.world.size._NOTED_BYTES", 1 << 10)
    with pytest.warns(LargeMapWarning, match="takes 0.0 GiB of memory and about 0 s"):
        compile_town(source=enlarged(30))


def test_the_largest_map_is_estimated_in_gibibytes() -> None:
    size = MapSize(4096, 4096, 12, 4 << 30, 33.4)
    assert size.words() == (
        "a map of 4,096 x 4,096 tiles with 12 places takes 4.0 GiB of memory and about 33 s to prepare"
    )


def test_more_facilities_than_can_be_numbered() -> None:
    side = 190
    rows = "\n".join(["  " + "#" * side, *["  #" + "n" * (side - 2) + "#"] * (side - 2), "  " + "#" * side])
    text = (
        "schema: 1\nname: benches\nagents: 1\ncomplete: false\nlegend: {'#': wall, n: bench}\n"
        f"places: []\ngrid: |\n{rows}\n"
    )
    with pytest.raises(MapError, match="the map has 35,344 facilities; at most 32,767 are possible"):
        parse_map(text, where="benches.yaml")
