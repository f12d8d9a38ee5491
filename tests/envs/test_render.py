"""Pictures: what is on them, pixel by pixel where that matters."""

from __future__ import annotations

import numpy as np

from townlet.envs import render_ansi, render_rgb, scene
from townlet.envs.canvas import Canvas, text_width
from townlet.envs.names import slot_names
from townlet.envs.scene import read_scene
from townlet.envs.terrain import terrain


class TestScene:
    def test_who_is_where_and_does_what(self, make_engine) -> None:
        engine = make_engine()
        agents, objects = engine.state.agents, engine.state.objects
        o = engine.town.objects.index("shower 1") if "shower 1" in engine.town.objects else 0
        agents.queue_object[0, 1] = o
        objects.queue[0, o, 0], objects.queue_length[0, o] = 1, 1
        agents.activity[0, 2] = engine.town.affordances.index("cook")
        alice, bob, carol, _ = read_scene(engine.town, engine.state, engine.agent_names, 0).people
        assert (alice.name, alice.doing, alice.queue_place) == ("alice", "", 0)
        assert bob.queue_place == 1
        assert bob.doing.startswith("queue ")
        assert carol.doing == "cook"

    def test_the_map_is_read_once_for_a_town(self, make_engine, monkeypatch) -> None:
        engine, other = make_engine(), make_engine()
        read = []
        monkeypatch.setattr(scene, "terrain", lambda town: read.append(town) or terrain(town))
        towns = [engine, engine, other, engine, other]
        scenes = [read_scene(one.town, one.state, one.agent_names, 0) for one in towns]
        assert len(read) == len({id(one.town) for one in towns})
        assert all((one.terrain == terrain(engine.town)).all() for one in scenes)

    def test_a_pair_has_one_line_the_stronger_one(self, make_engine) -> None:
        engine = make_engine()
        ties = engine.state.ties
        ties.other[0, 0, 0], ties.trust[0, 0, 0] = 1, 0.3
        ties.other[0, 1, 0], ties.rivalry[0, 1, 0] = 0, 0.6
        ties.other[0, 2, 0], ties.trust[0, 2, 0] = 3, 0.05
        (line,) = read_scene(engine.town, engine.state, engine.agent_names, 0).ties
        assert (line.one, line.other, line.friendly) == (0, 1, False)
        assert abs(line.strength - 0.6) < 1e-6


class TestRgb:
    def test_size_and_type(self, make_engine) -> None:
        picture = render_rgb(make_engine(), pixels=480)
        assert picture.dtype == np.uint8
        assert picture.shape == (620, 480 + 330, 3)

    def test_a_step_to_the_side_changes_only_their_surroundings(self, make_engine) -> None:
        engine = make_engine()
        agents = engine.state.agents
        before = render_rgb(engine, pixels=480)
        y, x = int(agents.y[0, 0]), int(agents.x[0, 0])
        agents.y[0, 0], agents.x[0, 0] = 5, 6
        changed = (render_rgb(engine, pixels=480) != before).any(axis=2)
        cells = {(int(r) // 40, int(c) // 40) for r, c in np.argwhere(changed)}
        assert cells == {(y, x), (5, 6)}

    def test_by_day_streets_are_light_walls_darker_and_the_town_ends_in_a_hedge(self, make_engine) -> None:
        engine = make_engine()
        engine.state.clock.tick[:] = 500
        picture = render_rgb(engine, pixels=480).astype(int)
        assert picture[5 * 40 + 10, 6 * 40 + 10].sum() > 600
        assert picture[1 * 40 + 30, 4 * 40 + 20].sum() < 330
        red, green, blue = picture[20, 20]
        assert green > red > blue

    def test_at_night_there_is_light_only_where_somebody_is_and_power(self, make_engine) -> None:
        engine = make_engine()
        agents = engine.state.agents
        y, x = int(agents.y[0, 0]), int(agents.x[0, 0])
        floor = y * 40 + 2, x * 40 + 1
        engine.state.clock.tick[:] = 500
        day = render_rgb(engine, pixels=480)
        engine.state.clock.tick[:] = 0
        night = render_rgb(engine, pixels=480)
        engine.state.outside.power[0] = False
        dark = render_rgb(engine, pixels=480)
        assert (night[5 * 40 + 20, 6 * 40 + 20] < day[5 * 40 + 20, 6 * 40 + 20]).all()
        assert (night[floor] == day[floor]).all()
        assert (dark[floor] < day[floor]).all()

    def test_a_facility_in_use_or_closed_looks_so(self, make_engine) -> None:
        engine = make_engine()
        o = engine.town.objects.index(next(name for name in engine.town.objects if name.startswith("stove")))
        y, x = (int(getattr(engine.tables.map, f"object_{axis}")[o]) for axis in "yx")
        tile = slice(y * 40, y * 40 + 40), slice(x * 40, x * 40 + 40)
        free = render_rgb(engine, pixels=480)[tile]
        engine.state.objects.user[0, o] = 1
        used = render_rgb(engine, pixels=480)[tile]
        engine.state.objects.closed_until[0, o] = 50
        closed = render_rgb(engine, pixels=480)[tile]
        assert (used != free).any()
        assert (closed != used).any()

    def test_a_friendship_is_a_green_line(self, make_engine) -> None:
        engine = make_engine()
        before = render_rgb(engine)
        engine.state.ties.other[0, 0, 0], engine.state.ties.trust[0, 0, 0] = 3, 0.9
        after = render_rgb(engine)
        fresh = after[(after != before).any(axis=2)]
        assert len(fresh) > 50
        assert (fresh[:, 1] > fresh[:, 0]).mean() > 0.9

    def test_drawing_leaves_the_town_alone(self, make_engine) -> None:
        engine = make_engine()
        before = engine.observe().copy()
        render_rgb(engine)
        render_ansi(engine)
        assert np.array_equal(engine.observe().features, before.features)


class TestAnsi:
    def test_plain_text_has_walls_agents_and_a_legend(self, make_engine) -> None:
        engine = make_engine()
        text = render_ansi(engine, colour=False)
        lines = text.splitlines()
        assert "\x1b" not in text
        assert lines[0].startswith("day 0, 00:00")
        assert lines[1] == "#" * 12
        agents = engine.state.agents
        assert lines[1 + agents.y[0, 0]][agents.x[0, 0]] == "A"
        assert any(line.startswith("A alice") for line in lines)
        assert lines[-1].startswith("# wall")

    def test_colour_is_only_paint(self, make_engine) -> None:
        import re

        engine = make_engine()
        painted = re.sub("\x1b\\[[0-9]+m", "", render_ansi(engine))
        plain = render_ansi(engine, colour=False)
        assert [line.rstrip() for line in painted.splitlines()] == plain.splitlines()

    def test_trouble_is_told(self, make_engine) -> None:
        engine = make_engine()
        engine.state.outside.power[0] = False
        engine.state.objects.closed_until[0, 3] = 50
        text = render_ansi(engine, colour=False)
        assert "power off" in text
        assert "closed" in text


class TestCanvas:
    def test_drawing_over_the_edge_is_clipped(self) -> None:
        canvas = Canvas(10, 10, (0, 0, 0))
        canvas.disc(0, 0, 4, (255, 0, 0))
        canvas.rectangle(-5, -5, 8, 8, (0, 255, 0))
        canvas.line((-5, -5), (20, 20), (0, 0, 255))
        canvas.text(6, 6, "WIDE", (255, 255, 255))
        assert canvas.pixels.shape == (10, 10, 3)
        assert tuple(canvas.pixels[9, 9]) == (0, 0, 255) or tuple(canvas.pixels[9, 9]) == (255, 255, 255)

    def test_text_width(self) -> None:
        assert text_width("", 2) == 0
        assert text_width("AB", 2) == 14


def test_names_do_not_repeat() -> None:
    names = slot_names(2000)
    assert names[:2] == ("alice", "bob")
    assert len(set(names)) == 2000
