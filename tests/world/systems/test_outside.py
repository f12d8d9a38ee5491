"""Events from outside: outages, closings, prices, meetings; by chance and by timetable."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.config.town import OutsideConfig, ScheduledEvent, TownConfig
from townlet.errors import ConfigError
from townlet.world import bind, compile_town, new_state, step_towns
from townlet.world.names import EXIT_REMOVED


def with_schedule(*events):
    return TownConfig(outside=OutsideConfig(enabled=False, schedule=[ScheduledEvent(**event) for event in events]))


@pytest.fixture
def dark(stage):
    """A blackout from tick 10 to 40, every day."""
    return stage(config=with_schedule({"at": 10, "event": "blackout", "ticks": 30}))


def test_a_blackout_stops_the_cook_and_leaves_nothing_occupied(dark):
    dark.set("alice", groceries=1).put(alice="stove").do(alice="use").at(9).wait()
    assert dark.doing("alice") is None
    assert dark.happened("alice") == {"interrupted": 1}
    assert dark.objects.user.max() == -1
    assert dark.get("alice", "groceries") == 1
    assert "use" not in dark.can("alice")


def test_power_comes_back(dark):
    dark.set("alice", groceries=1).put(alice="stove").at(9).wait()
    dark.wait(29)
    assert not dark.state.outside.power[0]
    dark.wait()
    assert dark.state.outside.power[0]
    assert "use" in dark.can("alice")


def test_the_queue_survives_an_outage_and_keeps_its_turn(dark):
    dark.set("alice", groceries=1).set("bob", groceries=1).put(alice="stove", bob="beside the stove")
    dark.do(alice="use").do(bob="use").at(9).wait(30)
    assert dark.queue("stove 1") == ["bob"]
    dark.wait().do(bob="use")
    assert dark.doing("bob") == "cook"


def test_a_blackout_does_not_wake_or_wash(dark):
    dark.set("alice", energy=0.3).set("bob", hygiene=0.3, money=9.0).put(alice=(1, 1), bob="shower")
    dark.do(alice="use", bob="use").at(9).wait()
    assert (dark.doing("alice"), dark.doing("bob")) == ("sleep", "shower")


def test_a_water_outage_stops_showers_only(stage):
    story = stage(config=with_schedule({"at": 10, "event": "water_outage", "ticks": 30}))
    story.set("alice", groceries=1).set("bob", hygiene=0.3, money=9.0).put(alice="stove", bob="shower")
    story.do(alice="use", bob="use").at(9).wait()
    assert (story.doing("alice"), story.doing("bob")) == ("cook", None)


def test_closing_a_kind_closes_each_and_sends_its_queue_away(stage):
    story = stage(config=with_schedule({"at": 10, "event": "closure", "target": "stove", "ticks": 50}))
    story.set("alice", groceries=1).set("bob", groceries=1).put(alice="stove", bob="beside the stove")
    story.do(alice="use").do(bob="use").at(9).wait()
    assert story.doing("alice") is None
    assert story.queue("stove 1") == []
    assert "use" not in story.can("alice")
    story.wait(50)
    assert "use" in story.can("alice")


def test_a_price_spike_and_its_end(stage):
    event = {"day": 0, "at": 10, "event": "price_spike", "target": "groceries", "factor": 2.0, "ticks": 30}
    story = stage(config=with_schedule(event)).at(9).wait()
    assert story.state.outside.prices[0].tolist() == [24.0, 7.0]
    story.wait(30)
    assert story.state.outside.prices[0].tolist() == [12.0, 7.0]
    story.at(1009).wait()
    assert story.state.outside.prices[0].tolist() == [12.0, 7.0]  # day 0 only


def test_a_meeting_that_does_not_happen_makes_it_worse(stage):
    story = stage(config=with_schedule({"at": 10, "event": "meeting", "target": "0 1", "ticks": 20}))
    story.at(9).wait()
    assert story.state.outside.meeting[0].tolist() == [0, 1]
    story.wait(20)
    assert story.state.outside.meeting[0].tolist() == [-1, -1]
    assert story.tie("alice", "bob")[2] > 0
    assert story.tie("bob", "alice")[2] > 0


def test_the_strongest_rivals_are_invited(stage):
    story = stage(config=with_schedule({"at": 10, "event": "meeting", "ticks": 20}))
    story.at(9).wait()
    assert story.state.outside.meeting[0].tolist() == [-1, -1]
    story.state.ties.other[0, 2, 0], story.state.ties.rivalry[0, 2, 0] = 3, 0.5
    story.state.ties.other[0, 1, 0], story.state.ties.rivalry[0, 1, 0] = 0, 0.3
    story.at(9).wait()
    assert story.state.outside.meeting[0].tolist() == [2, 3]


def test_a_departure_empties_a_slot_without_counting_as_an_exit(stage):
    story = stage(config=with_schedule({"day": 1, "at": 10, "event": "departure", "target": "2"}))
    story.at(9).wait()
    assert story.get("carol", "present")
    story.at(1009).wait()
    assert story.get("carol", "exit_reason") == EXIT_REMOVED
    assert story.state.clock.exits_today[0] == 0
    story.wait(22)
    assert story.get("carol", "present")


def test_the_longest_resident_departs(stage):
    story = stage(config=with_schedule({"at": 10, "event": "departure"})).set("dave", age=500)
    story.at(9).wait()
    assert not story.get("dave", "present")


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"at": 1, "event": "closure", "target": "sauna", "ticks": 5}, "no 'sauna' to close"),
        ({"at": 1, "event": "meeting", "target": "0 9", "ticks": 5}, "not two agents"),
        ({"at": 1, "event": "departure", "target": "8"}, "is not an agent"),
    ],
)
def test_targets_that_the_town_lacks_are_refused(event, message):
    with pytest.raises(ConfigError, match=message) as refused:
        compile_town(with_schedule(event))
    assert "town.outside.schedule.0.target" in str(refused.value)


@pytest.mark.parametrize(
    "event",
    [
        {"at": 1, "event": "price_spike", "ticks": 5},
        {"at": 1, "event": "price_spike", "target": "meals", "ticks": 5},
        {"at": 1, "event": "closure", "ticks": 5},
        {"at": 1, "event": "blackout", "target": "stove", "ticks": 5},
        {"at": -1, "event": "blackout", "ticks": 5},
        {"at": 1, "day": -2, "event": "blackout", "ticks": 5},
        {"at": 1, "event": "flood", "ticks": 5},
    ],
)
def test_events_that_make_no_sense_are_refused(event):
    with pytest.raises(ValueError):
        ScheduledEvent(**event)


def test_chance_events_are_as_rare_as_configured_and_keep_the_peace():
    town = compile_town(TownConfig(map="hamlet", outside=OutsideConfig(blackouts=2.0, cooldown=300, outage_ticks=50)))
    worlds = 64
    state = new_state(town, range(worlds))
    bound, tables = bind(state), bind(town.tables)
    actions = np.zeros(worlds * town.agents, np.int64)
    off = np.zeros((3000, worlds), bool)
    for tick in range(3000):
        step_towns(bound, tables, actions)
        off[tick] = ~state.outside.power
    starts = np.argwhere(off[1:] & ~off[:-1])
    for w in range(worlds):
        ticks = starts[starts[:, 1] == w][:, 0]
        assert (np.diff(ticks) >= 350).all()
    # a renewal process: one in 500 ticks while possible, not possible for 350
    assert len(starts) / worlds == pytest.approx(3000 / (500 + 350), rel=0.2)
    assert off.mean() == pytest.approx(50 / 850, rel=0.25)


def test_disabled_means_none():
    town = compile_town(TownConfig(map="hamlet", outside=OutsideConfig(enabled=False, blackouts=20.0)))
    state = new_state(town, [1])
    bound, tables = bind(state), bind(town.tables)
    for _ in range(500):
        step_towns(bound, tables, np.zeros(4, np.int64))
        assert state.outside.power[0]
    assert state.streams.counter[0, 1] == 0  # the stream of events is not touched
