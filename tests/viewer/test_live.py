"""A living town: what its windows are sent is what it is, what they ask is done, and nobody else gets in."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.viewer.living import WAIT, Running

from townlet.config import TownletConfig
from townlet.data import open_dataset
from townlet.errors import UsageError
from townlet.play import Cast, Job, MindSpec, Role, Stage
from townlet.viewer.columns import unpack
from townlet.viewer.live import LiveTown, hub
from townlet.viewer.live.desk import read_request
from townlet.viewer.live.hub import Hub
from townlet.viewer.live.town import about_stage

pytest.importorskip("starlette", reason="needs the extra web")
pytest.importorskip("uvicorn", reason="needs the extra web")
client = pytest.importorskip("websockets.sync.client", reason="needs the extra web")
exceptions = pytest.importorskip("websockets.exceptions", reason="needs the extra web")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A town of 400 ticks, recorded, that waits."""
    made = Running(400, tmp_path / "live")
    yield made
    made.close()


def test_windows_of_a_cast_are_told_who_plays_whom() -> None:
    config = TownletConfig.model_validate({"town": {"map": "hamlet"}})
    host = MindSpec(requested="host", backend="scripted", options={"preset": "host"})
    plain = MindSpec(requested="scripted", backend="scripted")
    alone, mixed = Cast.of("scripted"), Cast((Role("50%", host), Role("*", plain)))
    for cast in (alone, mixed):
        stage = Stage(Job(config, cast, (3,), 10))
        try:
            told = about_stage(stage, "hamlet")["about"]["players"]
            assert told == (None if cast is alone else stage.runtime.rows_of(1).astype(int).tolist())
        finally:
            stage.close()


def test_every_frame_that_a_window_is_sent_is_the_town_at_its_tick(running: Running) -> None:
    window = running.watch()
    window.ask(do="resume")
    window.until(lambda: 400 in window.frames)
    assert sorted(window.frames) == list(range(401))
    for tick, place in running.places.items():
        assert [*window.frames[tick]["y"].tolist(), *window.frames[tick]["x"].tolist()] == place
    running.thread.join(WAIT)
    recorded = open_dataset(running.stage.job.keep.folder or "").read(0, 400)
    sent = np.array([window.frames[tick]["action"] for tick in range(400)])
    assert np.array_equal(sent, recorded.actions)


def test_it_waits_steps_and_goes_on_as_it_is_told(running: Running) -> None:
    window = running.watch()
    window.ask(do="step", number=3)
    window.until(lambda: 3 in window.frames)
    window.ask(do="speed", number=500)
    window.until(lambda: window.state.get("speed") == 500)
    assert running.stage.tick == 3
    assert window.state["paused"] is True
    window.ask(do="resume")
    window.until(lambda: max(window.frames) > 10)


def test_a_person_plays_an_agent_and_what_they_chose_is_recorded(running: Running) -> None:
    window = running.watch()
    window.until(lambda: "you" in window.texts and bool(window.state))
    window.ask(do="possess", agent="bob")
    window.until(lambda: window.state["played"] == {"bob": window.texts["you"]["window"]})
    window.ask(do="resume")
    chosen: dict[int, int] = {}
    for _ in range(4):
        window.until(lambda: bool(window.state["waits"]) and window.state["waits"]["tick"] not in chosen)
        waits = window.state["waits"]
        assert f"It is tick {waits['tick']} of a day" in waits["words"]
        chosen[waits["tick"]] = max(waits["choices"])
        window.ask(do="act", number=chosen[waits["tick"]])
    window.ask(do="release")
    window.until(lambda: window.state["played"] == {})
    window.until(lambda: 400 in window.frames)
    running.thread.join(WAIT)
    recorded = open_dataset(running.stage.job.keep.folder or "").read(0, 400)
    for tick, action in chosen.items():
        assert recorded.actions[tick, 1] == action


def test_nobody_is_played_from_two_windows(running: Running) -> None:
    one, two = running.watch(), running.watch()
    one.ask(do="possess", agent="bob")
    one.until(lambda: "bob" in dict(one.state.get("played", {})))
    two.ask(do="possess", agent="bob")
    two.until(lambda: "said" in two.texts)
    assert "another window" in str(two.texts["said"]["words"])
    two.ask(do="possess", agent="nobody")
    two.until(lambda: "nobody" in str(two.texts["said"]["words"]))
    one.close()  # who leaves gives the agent back
    two.until(lambda: two.state["played"] == {})


def test_a_window_that_comes_late_or_again_is_sent_what_it_lacks(running: Running) -> None:
    first = running.watch()
    first.ask(do="step", number=50)
    first.until(lambda: 50 in first.frames)
    first.close()
    late = running.watch()
    late.until(lambda: 50 in late.frames)
    assert sorted(late.frames) == list(range(51))
    again = running.watch(after=50)
    again.ask(do="step", number=2)
    again.until(lambda: 52 in again.frames)
    assert min(again.frames) >= 50


def test_a_slow_window_drops_to_key_frames_and_never_slows_the_town(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "MOST_WAITING", 3)
    loop = asyncio.new_event_loop()
    try:
        window, _ = running.town.hub.join(loop, -1)  # takes nothing that waits for it
        quick = running.watch()
        quick.ask(do="speed", number=300)
        quick.ask(do="resume")
        quick.until(lambda: 400 in quick.frames)
        assert sorted(quick.frames) == list(range(401))
        assert len(window._waiting) <= 4
    finally:
        running.town.hub.leave(window)
        loop.close()


def test_a_key_frame_has_all_events_and_ties_of_what_was_missed(running: Running) -> None:
    window = running.watch()
    window.ask(do="step", number=200)
    window.until(lambda: 200 in window.frames)
    parts = running.town._tape.key(after=-1)
    events, _ = unpack(parts["events"])
    frames, _ = unpack(parts["frames"])
    ties, about = unpack(parts["ties"])
    assert frames["tick"].tolist() == [[200]]
    assert events["tick"].min() < 50 < events["tick"].max()
    assert len(ties["slot"]) == 4 * about["perAgent"]


def test_the_mind_of_who_is_looked_at_is_told(running: Running) -> None:
    window = running.watch()
    window.ask(do="look", number=2)
    window.ask(do="step", number=1)
    window.until(lambda: "thought" in window.texts)
    thought = window.texts["thought"]
    assert (thought["agent"], thought["tick"]) == (2, 0)
    assert str(thought["words"][0]).startswith(("It is tick", "You have just moved in"))  # type: ignore[index]
    assert thought["mask"][thought["taken"]] == 1  # type: ignore[index]


def test_who_does_not_know_the_token_does_not_get_in(running: Running) -> None:
    address = running.town.address.replace("http://", "ws://").replace("/?", "/town?")
    for wrong, headers in (
        (address[:-1], {}),
        (address.split("?")[0], {}),
        (address, {"Origin": "http://elsewhere.example"}),
        (address, {"Host": "elsewhere.example"}),
    ):
        with pytest.raises(exceptions.InvalidStatus), client.connect(wrong, additional_headers=headers):
            pass


def test_what_is_no_request_is_dropped(running: Running) -> None:
    window = running.watch()
    for odd in ("{", "[]", '"pause"', '{"do": 3}', '{"do": "speed", "number": 1e999}', '{"do": "look", "number": "x"}'):
        window.socket.send(odd)
    window.until(lambda: "said" in window.texts)
    window.ask(do="step", number=1)
    window.until(lambda: 1 in window.frames)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"do": "left"},
        {"do": "speed", "number": -1},
        {"do": "speed", "number": float("nan")},
        {"do": "speed", "number": True},
        {"do": "possess", "agent": 3},
        {"do": ["pause"]},
        {"do": {}},
        {"do": "step", "number": 10**400},
        {"do": "act", "number": 1e300},
        {"do": "run"},
    ],
)
def test_a_request_says_what_it_wants(message: dict[str, object]) -> None:
    assert read_request(1, message) is None


def test_a_port_in_use_is_refused_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        stage = Stage(Job(TownletConfig.model_validate({"town": {"map": "hamlet"}}), Cast.of("stub"), (1,), 1))
        with stage, pytest.raises(UsageError, match=f"port {taken.getsockname()[1]}") as refused:
            LiveTown(stage, "hamlet", speed=0, port=taken.getsockname()[1])
    assert refused.value.where == "--port"


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from townlet.viewer.live import require_web

    monkeypatch.setitem(__import__("sys").modules, "uvicorn", None)
    with pytest.raises(UsageError, match="uvicorn") as refused:
        require_web()
    assert "townlet-core[web]" in refused.value.details[0]


def test_history_is_kept_within_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "HISTORY_BYTES", 1000)
    made = Hub()
    for tick in range(50):
        made.publish(tick, bytes(100))
    loop = asyncio.new_event_loop()
    try:
        window, missed = made.join(loop, -1)
        assert len(missed) == 10
        assert window.behind  # what came before is gone: a key frame mends its ties
        window, missed = made.join(loop, 45)
        assert len(missed) == 4
        assert not window.behind
    finally:
        loop.close()
