"""Maps: what is read, and what is refused with row and column."""

from __future__ import annotations

import pytest

from townlet.config.town import TownConfig
from townlet.errors import MapError
from townlet.world import compile_town
from townlet.world.maps import SHIPPED_MAPS, load_map, parse_map
from townlet.world.tables import UNREACHABLE

SHOP = "\n  - {name: shop, kind: site, rows: [2, 2], columns: [2, 3]}"
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
    assert town.agents == source.agents
    beds = ground.slot_bed.tolist()
    assert len(set(beds)) == town.agents
    walkable = ground.walkable == 1
    assert (ground.kind_distance[walkable] != UNREACHABLE).all()
    assert (ground.place_distance[:, walkable] != UNREACHABLE).all()


def test_riverside_and_hamlet_have_their_sizes():
    assert (load_map("riverside").agents, load_map("hamlet").agents) == (8, 4)
    assert (load_map("riverside").height, load_map("riverside").width) == (48, 48)
    assert (load_map("hamlet").height, load_map("hamlet").width) == (12, 12)


def test_a_drawn_map_is_read():
    source = parse_map(text(GOOD), where="m.yaml")
    assert (source.height, source.width, source.agents) == (4, 5, 1)
    assert source.at(1, 1) == "bed"


@pytest.mark.parametrize(
    ("case", "message", "place"),
    [
        (text(["#####", "#b..#", "#..#", "#####"]), "equally long", "m.yaml:9, row 3, column 5"),
        (text(["#####", "#b.x#", "#...#", "#####"]), "'x' is not in the legend", "m.yaml:8, row 2, column 4"),
        (text(["#####", "#b...", "#...#", "#####"]), "border of a map", "m.yaml:8, row 2, column 5"),
        (text(["###"]), "a map of 1 rows, 3 columns", "m.yaml:6, grid"),
        (text(["#####", "#b..#", "#o###", "#####"], agents=2), "somebody is homeless", "m.yaml:3, agents"),
        (text(["#####", "#b..#", "#..b#", "#####"]), "bed belongs to no place", "m.yaml:9, row 3, column 4"),
        (text(["#####", "#b..#", "#..d#", "#####"]), "desk belongs to no place", "m.yaml:9, row 3, column 4"),
        (text(["#####", "#...#", "#b..#", "#####"]), "has no bed", "m.yaml:8, row 2, column 2"),
        (text(["#####", "#bd.#", "#...#", "#####"]), "desk stands on the ground of", "m.yaml:8, row 2, column 3"),
        (text(GOOD, HOME.replace("2, 2", "2, 9")), "outside the grid", "m.yaml:12, places[0]"),
        (text(GOOD, HOME + HOME.replace("hut", "barn").lstrip("\n")), "overlap", "m.yaml:8, row 2, column 2"),
        (text(GOOD, HOME + HOME.lstrip("\n")), "two places are called 'hut'", "m.yaml:13, places[1]"),
        (text(GOOD, SHOP + HOME + HOME), "two places are called 'hut'", "m.yaml:15, places[2]"),
        (text(GOOD, legend='{"#": wall, ".": street, "b": cot}'), "'cot', which Townlet does not know", "m.yaml:5"),
        (text(GOOD, legend='{"#": wall, ".": street,\n "bb": bed}'), "not one visible glyph", "m.yaml:6"),
        (text(GOOD).replace("complete: false", "complete: true"), "has no shower, no stove", "m.yaml:6, grid"),
        (text(GOOD).replace("agents: 1", "agents: 0"), "must be at least 1, found 0", "m.yaml:3, agents"),
        (text(GOOD).replace("schema: 1", "schema: 2"), "must be 1, found 2", "m.yaml:1, schema"),
        (text(GOOD).replace("agents: 1", "agents: '1'"), "must be a whole number, found '1'", "m.yaml:3, agents"),
        (text(GOOD, HOME.replace("[2, 2]", "[2]")), "is missing", "m.yaml:12, places[0].rows[1]"),
        (text(GOOD).replace("schema: 1", "schema_version: 1"), "did you mean 'schema'", "m.yaml:1, schema_version"),
        (
            text(GOOD, legend='{"#": wall, "b": bed,\n "b": desk}'),
            "appears twice, first on line 5",
            "m.yaml:6, legend.b",
        ),
        (text(GOOD) + "name: n\n", "appears twice, first on line 2", "m.yaml:13, name"),
        ("- a\n- b\n", "a mapping of keys to values is expected, found a list", "m.yaml:1"),
        ("a: 1\nb: [", "not valid YAML", "m.yaml:2"),
        ("a: 1\n---\nb: 2\n", "a map is one document", "m.yaml:2"),
        ("", "the file is empty", "m.yaml"),
    ],
)
def test_wrong_maps_are_refused_with_their_place(case, message, place):
    with pytest.raises(MapError, match=message) as refused:
        parse_map(case, where="m.yaml")
    assert refused.value.where == place


def test_all_that_is_wrong_is_told_at_once():
    case = text(GOOD, HOME.replace("kind", "knd")).replace("agents: 1", "agents: 1\nagents: 2\nagnets: 3")
    with pytest.raises(MapError) as refused:
        parse_map(case, where="m.yaml")
    assert str(refused.value) == (
        "4 errors in m.yaml\n"
        "  m.yaml:4, agents: the key appears twice, first on line 3\n"
        "  m.yaml:5, agnets: unknown key 'agnets'; did you mean 'agents'?\n"
        "  m.yaml:14, places[0].kind: is missing\n"
        "  m.yaml:14, places[0].knd: unknown key 'knd'; did you mean 'kind'?"
    )


@pytest.mark.parametrize(
    ("grid", "place"),
    [
        ('grid: "#####\\n#b..#\\n#...#\\n####.\\n"\n', "m.yaml, row 4, column 5"),  # rows are not lines of the file
        ("grid:\n  |\n  #####\n  #b..#\n  #...#\n  ####.\n", "m.yaml, row 4, column 5"),
        ("grid: | # a town\n #####\n #b..#\n #...#\n ####.\n", "m.yaml:10, row 4, column 5"),
    ],
)
def test_a_line_is_named_only_where_rows_are_lines(grid, place):
    drawn = "grid: |\n" + "".join(f"  {row}\n" for row in GOOD)
    with pytest.raises(MapError, match="border of a map") as refused:
        parse_map(text(GOOD).replace(drawn, grid), where="m.yaml")
    assert refused.value.where == place


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
    assert refused.value.details == (
        "found: there is no such file",
        "did you mean 'riverside'?",
        f"shipped maps: {', '.join(SHIPPED_MAPS)}, generated; or the path of a file",
    )


def test_a_file_that_is_no_text_says_why(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_bytes(b"schema: 1\nname: \xff\n")
    with pytest.raises(MapError, match="cannot be read") as refused:
        load_map(str(path))
    assert refused.value.details[0] == f"found: not UTF-8 text; save the file as UTF-8  ({path}:2)"


def test_a_map_may_be_larger_than_a_config(tmp_path):
    path = tmp_path / "own.yaml"
    wide = ["#" * 1100, "#b" + "." * 1097 + "#", *(["#" + "." * 1098 + "#"] * 1000), "#" * 1100]
    path.write_text(text(wide))
    assert path.stat().st_size > 1 << 20
    assert load_map(str(path)).height == 1003


def test_the_line_of_a_file_is_named(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("# mine\n" + text(GOOD).replace("agents", "agnets"))
    with pytest.raises(MapError, match="did you mean 'agents'") as refused:
        load_map(str(path))
    assert f"{path}:4, agnets" in str(refused.value)


def test_a_map_of_ones_own_by_path(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(text(GOOD))
    assert compile_town(TownConfig(map=str(path))).agents == 1
