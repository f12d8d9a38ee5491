"""A training run in the browser: curves, the town of the moment, and the same weights as without a page."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.viewer.living import Watcher

from townlet.api import TrainingReport
from townlet.config import TownletConfig
from townlet.play import Cast, Job, Stage
from townlet.viewer.live.curves import MOST_POINTS, Curves

pytest.importorskip("starlette", reason="needs the extra web")
pytest.importorskip("uvicorn", reason="needs the extra web")
pytest.importorskip("websockets.sync.client", reason="needs the extra web")

from townlet.viewer.live import LiveTraining

CONFIG = TownletConfig.model_validate({"name": "hamlet", "town": {"map": "hamlet"}})


def report(step: int, **metrics: float) -> TrainingReport:
    return TrainingReport(phase="ppo", step=step, total=1000, samples=step * 64, seconds=step / 2, metrics=metrics)


@pytest.fixture
def live() -> Iterator[LiveTraining]:
    with LiveTraining(CONFIG) as made:
        yield made


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Two towns, of which the first is watched, and every tick is shown, however long that takes."""
    monkeypatch.setattr("townlet.viewer.live.training._LENIENT", 1e9)
    with Stage(Job(CONFIG, Cast.of("scripted"), (3, 4), 500)) as made:
        yield made


class TestCurves:
    def test_a_metric_that_comes_late_or_is_not_finite_leaves_a_gap(self) -> None:
        curves = Curves()
        curves.add(report(1, reward_mean=0.123456789))
        curves.add(report(2, reward_mean=float("nan"), kl=1.0))
        assert curves.to_json()["phases"] == {
            "ppo": {"steps": [1, 2], "metrics": {"reward_mean": [0.123457, None], "kl": [None, 1.0]}}
        }

    def test_a_long_run_is_thinned_out_and_keeps_its_ends(self) -> None:
        curves = Curves()
        for step in range(1, 5 * MOST_POINTS + 1):
            curves.add(report(step, reward_mean=step))
        told = curves.to_json()["phases"]["ppo"]
        assert MOST_POINTS <= len(told["steps"]) <= 2 * MOST_POINTS
        assert told["steps"] == told["metrics"]["reward_mean"]
        assert told["steps"][0] == 1
        assert told["steps"][-1] > 5 * MOST_POINTS - 8

    def test_the_newest_number_is_always_the_last_point(self) -> None:
        curves = Curves()
        for step in range(1, 3 * MOST_POINTS):
            curves.add(report(step, reward_mean=step))
            assert curves.to_json()["phases"]["ppo"]["metrics"]["reward_mean"][-1] == step

    def test_a_resumed_run_begins_with_what_was_written(self, tmp_path: Path) -> None:
        lines = [{"phase": "ppo", "step": 1, "total": 9, "reward_mean": 0.5}, "not a line", {"phase": 3}, {}]
        path = tmp_path / "metrics.jsonl"
        path.write_text("\n".join(json.dumps(line) for line in lines) + "\nbroken {")
        curves = Curves()
        curves.read(path)
        curves.read(tmp_path / "none.jsonl")
        curves.add(report(2, reward_mean=0.75))
        assert curves.to_json()["phases"]["ppo"] == {"steps": [1, 2], "metrics": {"reward_mean": [0.5, 0.75]}}


def test_a_window_is_told_the_curves_and_that_it_ended() -> None:
    with LiveTraining(CONFIG) as live:
        window = Watcher(live)  # type: ignore[arg-type]
        live.report(report(1, reward_mean=0.25))
        window.until(lambda: window.texts.get("curves", {}).get("phases"))
        assert window.texts["curves"]["last"]["samples"] == 64  # type: ignore[index]
        assert 0 in window.frames, "the town before anybody learned in it"
    window.until(lambda: window.state.get("ended"))
    assert window.state["ended"] == "Training has ended."
    window.close()


def test_the_first_town_is_shown_tick_by_tick_while_somebody_watches(live: LiveTraining, stage: Stage) -> None:
    show = live.audience(stage)
    stage.run(20, watchers=[show])
    assert live.hub.town == 1, "nobody watched"
    window = Watcher(live)  # type: ignore[arg-type]
    window.until(lambda: 0 in window.frames)
    places: dict[int, list[int]] = {}
    agents = stage.engine.state.agents  # type: ignore[attr-defined]
    stage.run(80, watchers=[show, lambda step: places.update({step.tick + 1: agents.x[0].tolist()})])
    live.report(report(1))
    window.until(lambda: 100 in window.frames)
    assert sorted(window.frames) == [0, *range(21, 101)]
    for tick, frame in window.frames.items():
        assert tick == 0 or frame["x"].tolist() == places[tick]
    assert live.hub.town == 2
    stage.reset((5, 6))
    stage.run(3, watchers=[show])
    assert live.hub.town == 3, "fresh towns are another film"
    window.close()


def test_where_showing_takes_too_long_ticks_are_passed_over(
    live: LiveTraining, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("townlet.viewer.live.training._LENIENT", 0.01)
    window = Watcher(live)  # type: ignore[arg-type]
    window.until(lambda: 0 in window.frames)
    show = live.audience(stage)
    places: dict[int, list[int]] = {}
    actions: dict[int, list[int]] = {}
    agents = stage.engine.state.agents  # type: ignore[attr-defined]

    def note(step) -> None:
        places[step.tick + 1] = agents.x[0].tolist()
        actions[step.tick] = step.decision.actions[: stage.engine.agents].tolist()

    for _ in range(30):
        stage.run(10, watchers=[show, note])
        time.sleep(0.1)  # the learner learns
        live.report(report(1))
    window.until(lambda: "curves" in window.texts and max(window.frames) > 1)
    shown = [tick for tick in window.frames if tick]
    assert len(shown) < 300
    assert live.hub.town == 2, "it is the same town, with gaps"
    for tick in shown:
        assert window.frames[tick]["x"].tolist() == places[tick]
        told = window.frames[tick]["action"].tolist()
        assert told in ([-1] * stage.engine.agents, actions.get(tick))
    window.close()


def test_nothing_can_be_asked_of_a_run_but_to_look(live: LiveTraining) -> None:
    window = Watcher(live)  # type: ignore[arg-type]
    window.ask(do="look", number=2)
    for message in ({"do": "pause"}, {"do": "possess", "agent": "bob"}, {"do": "look", "number": "x"}, {}):
        window.ask(**message)
    window.until(lambda: "said" in window.texts)
    assert window.texts["said"]["words"] == "a training run can only be watched"
    window.close()


def test_a_window_of_an_earlier_town_is_sent_the_present_one(live: LiveTraining, stage: Stage) -> None:
    early = Watcher(live, after=5)  # type: ignore[arg-type]
    early.until(lambda: 0 in early.frames)
    stage.run(30, watchers=[live.audience(stage)])
    late = Watcher(live, after=400)  # type: ignore[arg-type]
    late.until(lambda: late.frames)
    assert min(late.frames) == 1
    early.close()
    late.close()


def test_a_page_shows_curves_and_town(live: LiveTraining, stage: Stage, browser) -> None:
    from tests.viewer.test_live_page import LiveVisit

    live.report(report(1, reward_mean=-0.5, entropy=1.5, strange=1.0))
    visit = LiveVisit(browser, live.address)
    page = visit.page
    assert page.locator("#tab-training").get_attribute("aria-selected") == "true"
    page.wait_for_selector(".chart canvas")
    text = page.inner_text("#panel-training")
    assert "Learning from reward: update 1 of 1000; 64 samples" in text
    assert "reward per agent and tick" in text
    assert not page.locator("#live >> text=Pause").is_visible()
    label = page.locator(".chart canvas").first.get_attribute("aria-label")
    assert label == "reward per agent and tick: from -0.5 to -0.5 over 1 update; least -0.5, most -0.5"
    show = live.audience(stage)
    stage.run(200, watchers=[show])
    live.report(report(2, reward_mean=-0.25, entropy=1.25))
    visit.until("townlet.player.last === 200")
    page.evaluate("townlet.select(1, false)")
    stage.reset((8, 9))
    for _ in range(40):
        stage.run(5, watchers=[show])
        page.wait_for_timeout(10)
    live.report(report(3, reward_mean=0.5, entropy=1.0))
    visit.until("townlet.link.town === 3 && townlet.film.first < 3 && townlet.film.last < 220")
    page.click("#tab-agent")
    visit.until("document.querySelector('#panel-agent').innerText.includes('chose')")
    assert visit.complaints == []
    visit.context.close()


def test_the_port_of_another_is_refused(live: LiveTraining) -> None:
    from townlet.errors import UsageError

    with pytest.raises(UsageError, match=str(live.door.port)):
        LiveTraining(CONFIG, port=live.door.port)


@pytest.mark.torch
@pytest.mark.slow
def test_a_run_that_is_watched_comes_to_the_same_bytes(tmp_path: Path) -> None:
    from tests.training.test_elsewhere import SMALL, kept, metrics

    from townlet.config import load_config
    from townlet.training import Run, TrainingServices, train

    config = load_config(None, [*SMALL, "training.ppo.rollout.groups=2", "training.ppo.updates=4"])

    def taught(folder: Path, live: LiveTraining | None) -> object:
        audience = None if live is None else live.audience
        services = TrainingServices.from_config(config, runs=tmp_path / "runs", audience=audience)
        watchers = () if live is None else (live.report,)
        with Run.begin(config, "ppo", out=folder, services=services, watchers=watchers) as run:
            result = train(run)
        return result.fingerprint, metrics(folder), kept(folder)

    wanted = taught(tmp_path / "alone", None)
    with LiveTraining(config) as live:
        window = Watcher(live)  # type: ignore[arg-type]
        window.ask(do="look", number=0)
        found = taught(tmp_path / "watched", live)
        window.until(lambda: max(window.frames, default=0) > 1 and "curves" in window.texts)
        assert live.hub.town > 1
        window.close()
    assert found == wanted
