"""Maps: what is read, and what is refused with row and column."""

from __future__ import annotations

import pytest

from townlet.config.town import TownConfig
from townlet.errors import MapError
from townlet.world import compile_town
from townlet.world.maps import SHIPPED_MAPS, load_map, parse_map
from townlet.world.tables import UNREACHABLE

HOME = "\n  - {name: hut, kind: home, rows: [2, 2], columns: [2, 3]}\n"


def text(grid, places=HOME, *, agents=1, legend='{"#": wall, ".": street, "b": bed, "o": stove, "d": desk}'):
    rows = "\n".join("  " + row for row in grid)
    head = f"schema: 1\nname: m\nagents: {agents}\ncomplete: false\nlegend: {legend}\n"
    return f"{head}grid: |\n{rows}\nplaces:{places}"


GOOD = ["#####", "#b..#", "#...#", "#####"]


@pytest.mark.parametrize("name", SHIPPED_MAPS)
def test_shipped_maps_are_whole(name):
    source = load_map(name)
    assert source.complete
    town = compile_town(TownConfig(map=name))
    ground = town.tables.map
    assert town.agents == {"riverside": 8, "hamlet": 4}[name]
    beds = ground.slot_bed.tolist()
    assert len(set(beds)) == town.agents
    walkable = ground.walkable == 1
    assert (ground.kind_distance[walkable] != UNREACHABLE).all()
    assert (ground.place_distance[:, walkable] != UNREACHABLE).all()


def test_riverside_and_hamlet_have_their_sizes():
    assert (load_map("riverside").height, load_map("riverside").width) == (48, 48)
    assert (load_map("hamlet").height, load_map("hamlet").width) == (12, 12)


def test_a_drawn_map_is_read():
    source = parse_map(text(GOOD), where="m.yaml")
    assert (source.height, source.width, source.agents) == (4, 5, 1)
    assert source.at(1, 1) == "bed"


@pytest.mark.parametrize(
    ("case", "message", "place"),
    [
        (text(["#####", "#b..#", "#..#", "#####"]), "equally long", "row 3, column 5"),
        (text(["#####", "#b.x#", "#...#", "#####"]), "'x' is not in the legend", "row 2, column 4"),
        (text(["#####", "#b...", "#...#", "#####"]), "border of a map", "row 2, column 5"),
        (text(["#####", "#b..#", "#o###", "#####"], agents=2), "somebody is homeless", "m.yaml"),
        (text(["#####", "#b..#", "#..b#", "#####"]), "bed belongs to no place", "row 3, column 4"),
        (text(["#####", "#b..#", "#..d#", "#####"]), "desk belongs to no place", "row 3, column 4"),
        (text(["#####", "#...#", "#b..#", "#####"]), "has no bed", "row 2, column 2"),
        (text(["#####", "#bd.#", "#...#", "#####"]), "desk stands on the ground of the home", "row 2, column 3"),
        (text(GOOD, "\n  - {name: hut, kind: home, rows: [2, 9], columns: [2, 3]}\n"), "outside the grid", "m.yaml"),
        (text(GOOD, HOME + HOME.replace("hut", "barn").lstrip("\n")), "overlap", "row 2, column 2"),
        (text(GOOD, HOME + HOME.lstrip("\n")), "two places are called 'hut'", "m.yaml"),
        (text(GOOD, legend='{"#": wall, ".": street, "b": cot}'), "'cot', which is nothing", "m.yaml"),
        (text(GOOD, legend='{"#": wall, ".": street, "bb": bed}'), "not one visible glyph", "m.yaml"),
        (text(GOOD).replace("complete: false", "complete: true"), "has no shower, no stove", "m.yaml"),
        (text(GOOD).replace("agents: 1", "agents: 0"), "wrong entries", "m.yaml"),
        (text(GOOD).replace("schema: 1", "schema: 2"), "wrong entries", "m.yaml"),
        ("- a\n- b\n", "must be a mapping", "m.yaml"),
        ("a: [", "must be YAML", "m.yaml"),
    ],
)
def test_wrong_maps_are_refused_with_their_place(case, message, place):
    with pytest.raises(MapError, match=message) as refused:
        parse_map(case, where="m.yaml")
    assert place in str(refused.value)


@pytest.mark.parametrize(
    ("grid", "place"),
    [
        (["######", "#b.#o#", "#..###", "######"], "row 2, column 5"),
        (["#######", "#b.#..#", "#..#.o#", "#######"], "row 3, column 6"),
    ],
)
def test_facilities_nobody_can_reach_are_refused(grid, place):
    with pytest.raises(MapError, match="nobody can reach this stove") as refused:
        compile_town(source=parse_map(text(grid), where="m.yaml"))
    assert place in str(refused.value)


def test_the_ground_of_a_place_must_be_connected():
    grid = ["######", "#.b..#", "#....#", "#d#..#", "######"]
    site = HOME + "  - {name: shop, kind: site, rows: [3, 4], columns: [2, 5]}\n"
    compile_town(source=parse_map(text(grid, site), where="m.yaml"))
    with pytest.raises(MapError, match="on the ground of 'shop' there is no way") as refused:
        compile_town(source=parse_map(text(grid, site.replace("[3, 4]", "[4, 4]")), where="m.yaml"))
    assert "row 4, column 4" in str(refused.value)


def test_a_missing_map_says_which_there_are():
    with pytest.raises(MapError, match="cannot be read") as refused:
        load_map("riversid")
    assert "hamlet, riverside, generated" in str(refused.value)


def test_a_map_of_ones_own_by_path(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(text(GOOD))
    assert compile_town(TownConfig(map=str(path))).agents == 1
