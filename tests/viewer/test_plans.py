"""Slow minds in the page: their plans and reasons beside the agent, and what they took beside the town."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.play.test_slow_minds import MANIFEST, ORACLE
from tests.viewer.conftest import Opened

from townlet.config import load_config
from townlet.data import Dataset, RecordedThought, open_dataset
from townlet.play import Casting, Job, Keep, Stage, perform
from townlet.testing.site import isolated_site
from townlet.viewer import film_of, page_of, plans
from townlet.viewer.columns import unpack
from townlet.viewer.live.tape import Tape
from townlet.viewer.plans import PlanNotes, ledger_rows

PATIENT = ORACLE.replace("int(self.rules.decide(question.observation, state).actions[0])", "0")
EVIL = "I like </script><b>bread</b>\nand \u202emilk"
TICKS = 60


def job(folder: Path | None) -> Job:
    options = {"says": EVIL, "ticks": 5}
    config = load_config(
        None,
        [
            "town.map=hamlet",
            "policy.backend=oracle",
            "policy.patience.fallback=stub",
            "policy.patience.cadence=20",
            *(f"policy.options.{name}={json.dumps(value)}" for name, value in options.items()),
        ],
    )
    keep = Keep.NOTHING if folder is None else Keep.dataset(folder)
    return Job(config, Casting.of(config).cast(), (1,), TICKS, keep=keep)


@pytest.fixture(autouse=True)
def oracle(tmp_path: Path) -> Iterator[None]:
    """A slow mind that plans to wait for five ticks and says why."""
    with isolated_site(tmp_path / "plugin-site") as site:
        site.add_backend("oracle", PATIENT, manifest=MANIFEST)
        yield


@pytest.fixture
def thoughtful(tmp_path: Path) -> Dataset:
    with Stage(job(tmp_path / "thoughtful")) as stage:
        perform(stage)
    return open_dataset(tmp_path / "thoughtful")


def test_the_film_holds_what_was_said_and_what_it_took(thoughtful: Dataset) -> None:
    film = film_of(thoughtful)
    _, said = unpack(film.parts["plans"])
    told = [RecordedThought.model_validate({"world": 0, **each}) for each in said["thoughts"]]
    assert told == list(thoughtful.thoughts())
    assert any(thought.reasons == EVIL for thought in told)
    (account,) = film.about["ledger"]
    assert account == thoughtful.manifest.ledger[0]
    assert account["plans"] > 4
    assert "plans" not in film_of(thoughtful, minds=False).parts


def test_of_too_many_thoughts_the_first_are_kept_and_long_reasons_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "MOST_PLANS", 3)
    said = [
        RecordedThought(tick=t, world=w, slot=0, asked=t, steps=(("wait", 1),), reasons="x" * 9000)
        for t in range(9)
        for w in (0, 1)
    ]
    notes = PlanNotes(said, 1, 7)
    _, kept = unpack(notes.packed()["plans"])
    assert [each["tick"] for each in kept["thoughts"]] == [0, 1, 2]
    assert {len(each["reasons"]) for each in kept["thoughts"]} == {2001}
    assert "up to tick 3" in str(notes.note())
    assert PlanNotes(said, 1, 2).note() is None


def test_an_account_keeps_texts_and_finite_numbers_only() -> None:
    assert ledger_rows([{"mind": "m", "calls": 3, "cost": float("nan"), "odd": [1], "flag": True}]) == [
        {"mind": "m", "calls": 3}
    ]


def test_the_page_shows_plan_reasons_and_account(thoughtful: Dataset, tmp_path: Path, visit: Opened) -> None:
    page = visit(page_of([film_of(thoughtful)]).write(tmp_path / "plans.html"), "#t=22&agent=alice")
    plan = page.page.locator("#panel-agent section", has=page.page.locator("h3", has_text="Plan"))
    shown = plan.inner_text()
    assert "Made at tick 20." in shown
    assert "Ends early if need hunger falls below 0.2." in shown
    assert "I like </script><b>bread</b>" in shown
    assert "and \u25afmilk" in shown
    assert plan.locator("li[aria-current=step]").count() == 1
    page.ask("townlet.player.seek(26)")
    plan.filter(has_text="Completed.").wait_for()
    page.page.click("#tab-town")
    page.page.locator("#panel-town", has_text="whole run").wait_for()
    town = page.page.inner_text("#panel-town")
    (account,) = thoughtful.manifest.ledger
    assert "SLOW MINDS, WHOLE RUN" in town.upper()
    assert f"{account['tokens_in']:,} in, {account['tokens_out']:,} out" in town


def test_where_nobody_is_slow_the_page_says_nothing_of_plans(page_path: Path, visit: Opened) -> None:
    page = visit(page_path, "#t=22&agent=alice")
    text = page.page.inner_text("#side")
    page.page.click("#tab-town")
    text += page.page.inner_text("#side")
    assert "plan" not in text.lower().replace("plans a", "")
    assert "slow minds" not in text.lower()


def test_who_looks_at_somebody_in_a_living_town_is_told_the_plan(oracle: None) -> None:
    with Stage(job(None)) as stage:
        tape = Tape(stage.engine)  # type: ignore[arg-type]
        told: list[dict] = []

        def note(step) -> None:
            tape.note(step)
            told.append(tape.thought(0, step))

        perform(stage, watchers=[note])
        assert [each["tick"] for each in told[-1]["plans"] if "steps" in each] == [0, 20, 40]
        assert told[3]["plans"][0]["reasons"] == EVIL
