"""Minds that take seconds, in towns: the same bytes again, questions under way in snapshots, recordings lived again."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from townlet.config import load_config
from townlet.config.execution import ExecutionConfig
from townlet.data import open_dataset
from townlet.data.manifest import MANIFEST_NAME
from townlet.errors import BackendContractError, ConfigError, DatasetError, UsageError
from townlet.evaluation import evaluate
from townlet.executors import Headway, InProcess, open_executor
from townlet.minds import Patience
from townlet.play import Admission, Cast, Casting, Job, Keep, MindSpec, Outcome, Stage, join_datasets, perform
from townlet.play.replaying import replayed
from townlet.plugins import resolve_policy, scan
from townlet.testing.site import isolated_site

TICKS = 80

ORACLE = """
import numpy as np
from pydantic import BaseModel, ConfigDict
from townlet.api import Answer, Condition, Plan, PlanStep, Usage
from townlet.plugins import hookimpl
from townlet_backend_scripted.options import ScriptedOptions
from townlet_backend_scripted.policy import ScriptedPolicy


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    looks: int = 0
    ticks: int = 1
    says: str = "because"


class Oracle:
    def __init__(self, spec, options):
        self.rules, self.options, self.under_way, self.count = ScriptedPolicy(spec, ScriptedOptions()), options, {}, 0

    def ponder(self, questions, *, most_steps):
        tickets = [f"q{self.count + i}" for i in range(len(questions))]
        self.count += len(questions)
        self.under_way.update({t: [q, self.options.looks] for t, q in zip(tickets, questions)})
        return tickets

    def collect(self, *, timeout):
        ready = [t for t, (_, left) in self.under_way.items() if left <= 0]
        for waiting in self.under_way.values():
            waiting[1] -= 1
        return [self.answer(t, self.under_way.pop(t)[0]) for t in ready]

    def answer(self, ticket, question):
        state = self.rules.initial_state(1, 0)
        action = int(self.rules.decide(question.observation, state).actions[0])
        until = (Condition(kind="feature_below", feature="need_hunger", limit=0.2),)
        plan = Plan(steps=(PlanStep(action=action, ticks=self.options.ticks),), until=until, reasons=self.options.says)
        return Answer(ticket=ticket, plan=plan, usage=Usage(calls=1, tokens_in=len(question.words) // 4, tokens_out=9))

    def forget(self, tickets):
        for ticket in tickets:
            self.under_way.pop(ticket, None)

    def fingerprint(self):
        return f"oracle-{self.options}"

    def close(self):
        self.under_way = {}


@hookimpl
def townlet_backend_options():
    return Options


@hookimpl
def townlet_create_policy(request):
    return Oracle(request.spec, request.options)
"""

MANIFEST = """
schema = 1
name = "{name}"
summary = "Thinks what the rules think"
api = ">=1,<2"
capabilities = ["act", "slow"]
"""


@pytest.fixture(autouse=True)
def oracle(tmp_path):
    with isolated_site(tmp_path / "plugin-site") as site:
        site.add_backend("oracle", ORACLE, manifest=MANIFEST)
        site.add_backend("ready")
        yield site


def job(*changes: str, folder: Path | None = None, seeds=(1,), ticks: int = TICKS) -> Job:
    config = load_config(None, ["town.map=hamlet", "policy.backend=oracle", "policy.patience.fallback=stub", *changes])
    keep = Keep.NOTHING if folder is None else Keep.dataset(folder)
    return Job(config, Casting.of(config).cast(), seeds, ticks, keep=keep)


def played(job: Job) -> tuple[Outcome, tuple[str, ...]]:
    with Stage(job) as stage:
        return perform(stage), stage.digests()


def files(folder: Path) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    manifest = json.loads(found[MANIFEST_NAME])
    del manifest["timing"]
    found[MANIFEST_NAME] = json.dumps(manifest, sort_keys=True).encode()
    return found


def test_asked_on_every_tick_it_plays_the_town_that_its_thoughts_would_play_at_once(tmp_path) -> None:
    from townlet_backend_scripted.options import ScriptedOptions
    from townlet_backend_scripted.policy import ScriptedPolicy

    made = job("policy.patience.cadence=1", folder=tmp_path / "slow")
    outcome = perform_one(made)
    slow = open_dataset(tmp_path / "slow").read(0, TICKS)
    rules = ScriptedPolicy(open_dataset(tmp_path / "slow").spec, ScriptedOptions())
    for t in range(TICKS):
        seen = slow.ticks_between(t, t + 1)
        batch = observations(seen)
        assert np.array_equal(rules.decide(batch, rules.initial_state(batch.rows, 0)).actions, slow.actions[t])
    (account,) = outcome.ledgers
    assert account.ledger.plans == account.ledger.questions == 4 * TICKS
    assert account.ledger.fallback_ticks == 0


def perform_one(made: Job) -> Outcome:
    return played(made)[0]


def observations(block):
    from townlet.api import ObservationBatch

    return ObservationBatch(
        block.map[0], block.features[0], block.action_mask[0], block.active[0], block.episode_start[0]
    )


def test_in_lockstep_a_job_gives_the_same_bytes_whole_and_in_parts(tmp_path) -> None:
    made = job("policy.patience.cadence=7", folder=tmp_path / "whole", seeds=(1, 2, 3))
    outcome, states = played(made)
    again = job("policy.patience.cadence=7", folder=tmp_path / "again", seeds=(1, 2, 3))
    assert played(again)[1] == states
    assert files(tmp_path / "again") == files(tmp_path / "whole")

    pieces = [
        played(piece) for piece in job("policy.patience.cadence=7", folder=tmp_path / "part", seeds=(1, 2, 3)).split(2)
    ]
    joined = Outcome.join(made, [piece for piece, _ in pieces])
    assert joined.ledgers == outcome.ledgers
    join_datasets(joined, [piece.dataset for piece, _ in pieces], tmp_path / "joined")
    assert files(tmp_path / "joined") == files(tmp_path / "whole")


def test_a_recording_holds_plans_and_reasons_and_the_account(tmp_path) -> None:
    outcome = perform_one(job("policy.patience.cadence=9", 'policy.options={"ticks": 3}', folder=tmp_path / "run"))
    dataset = open_dataset(tmp_path / "run")
    thoughts = list(dataset.thoughts())
    assert dataset.manifest.thoughts.lines == len(thoughts) > 20
    plans = [thought for thought in thoughts if thought.steps]
    assert {thought.reasons for thought in plans} == {"because"}
    assert all(thought.asked == thought.tick for thought in plans)
    assert plans[0].until == (("feature_below", "need_hunger", pytest.approx(0.2)),)
    names = dataset.spec.action_names
    for thought in plans[:20]:
        row = thought.world * dataset.manifest.agents + thought.slot
        assert names[dataset.read(thought.tick, thought.tick + 1).actions[0, row]] == thought.steps[0][0]
    (account,) = dataset.manifest.ledger
    assert account == outcome.ledgers[0].to_json()
    assert (account["mind"], account["who"], account["plans"]) == ("oracle", "*", len(plans))
    assert outcome.to_json()["ledger"] == [account]
    dataset.verify()
    with (tmp_path / "run" / "thoughts.jsonl").open("ab") as file:
        file.write(b"{}\n")
    for ask in (dataset.verify, lambda: list(dataset.thoughts())):
        with pytest.raises(DatasetError, match=r"thoughts\.jsonl was changed"):
            ask()


def test_a_recording_of_a_real_time_run_is_lived_again_byte_for_byte(tmp_path) -> None:
    real = ("policy.patience.mode=realtime", "policy.patience.cadence=10", 'policy.options={"looks": 3, "ticks": 4}')
    outcome = perform_one(job(*real, folder=tmp_path / "first", ticks=150))
    assert outcome.ledgers[0].ledger.latency_ticks > 0
    assert outcome.ledgers[0].ledger.fallback_ticks > 0
    first = open_dataset(tmp_path / "first")
    stage, again = replayed(first)
    with stage:
        stage.job = Job(stage.job.config, stage.job.cast, stage.job.seeds, 150, keep=Keep.dataset(tmp_path / "second"))
        perform(stage, watchers=[again.compare])
    second = open_dataset(tmp_path / "second")
    mine, theirs = first.read(0, 150).arrays(), second.read(0, 150).arrays()
    for name, array in mine.items():
        assert array.tobytes() == theirs[name].tobytes(), name


@pytest.mark.parametrize("mode", ["lockstep", "realtime"])
def test_a_run_goes_on_from_a_snapshot_with_questions_under_way(tmp_path, mode: str) -> None:
    changes = (f"policy.patience.mode={mode}", "policy.patience.cadence=25", 'policy.options={"looks": 0, "ticks": 9}')
    made = job(*changes)
    with Stage(made) as stage:
        stage.run(51)
        waiting = int(np.count_nonzero(stage.runtime.state_of(0)["number"]))
        assert (waiting > 0) == (mode == "realtime")
        stage.save(tmp_path / "at-51")
        stage.run(40)
        uninterrupted, account = stage.digests(), stage.ledgers()
    with Stage(made) as later:  # other minds, who know of nothing
        later.load(tmp_path / "at-51")
        later.run(40)
        assert later.digests() == uninterrupted
        assert later.ledgers() == account


def test_several_minds_play_one_town_and_only_the_slow_one_is_accounted_for(tmp_path) -> None:
    config = load_config(None, ["town.map=hamlet", "policy.backend=stub", "policy.patience.fallback=stub"])
    names = ("alice", "bob")
    cast = Casting.of(config).cast(roles=[f"{','.join(names)}=oracle"])
    assert cast.slow
    outcome = perform_one(Job(config, cast, (1,), TICKS, keep=Keep.dataset(tmp_path / "cast")))
    dataset = open_dataset(tmp_path / "cast")
    assert {dataset.manifest.agent_names[thought.slot] for thought in dataset.thoughts()} == set(names)
    assert [account.who for account in outcome.ledgers] == ["alice,bob"]
    told = outcome.provenance.minds[0]
    assert (told.active, told.patience["cadence"], told.fallback.active) == ("oracle", 25, "stub")


def test_an_evaluation_tells_the_account_and_does_not_depend_on_how_many_towns_are_side_by_side() -> None:
    made = job("policy.patience.cadence=20", "policy.patience.budget_questions=5").config
    found = []
    for worlds in (1, 3):
        config = made.model_copy(update={"evaluation": made.evaluation.model_copy(update={"worlds": worlds})})
        found.append(evaluate(config, "oracle", seeds=(1, 2, 3), days=0.1))
    assert found[0].per_seed == found[1].per_seed
    assert found[0].ledger == found[1].ledger
    assert found[0].ledger[0]["questions"] == 15


# -- what is refused


def test_a_fallback_that_is_slow_itself_is_refused() -> None:
    with pytest.raises(UsageError, match="fallback of a slow mind must answer on each tick"):
        job("policy.patience.fallback=oracle")


def test_patience_for_a_mind_that_needs_none_is_refused() -> None:
    config = load_config(None, ["policy.cast=[{who: alice, mind: ready, patience: {cadence: 5}}]"])
    with pytest.raises(UsageError, match="it needs no patience"):
        Casting.of(config).cast()


@pytest.mark.parametrize(("patience", "key"), [("{cadence: 0}", "cadence"), ("{budget: 3}", "budget")])
def test_a_role_with_wrong_patience_is_refused_by_key(patience: str, key: str) -> None:
    config = load_config(None, [f"policy.cast=[{{who: alice, mind: oracle, patience: {patience}}}]"])
    with pytest.raises(ConfigError, match=rf"patience\.{key}"):
        Casting.of(config).cast()


@pytest.mark.parametrize(
    "change", ["budget_questions=0", "budget_tokens=0", "budget_cost=0", "cadence=0", "mode=sometimes", "most_steps=99"]
)
def test_values_that_make_no_sense_are_refused(change: str) -> None:
    with pytest.raises(ConfigError, match=change.partition("=")[0]):
        load_config(None, [f"policy.patience.{change}"])


def test_a_worker_does_not_ask_a_slow_mind() -> None:
    made = job()
    with pytest.raises(UsageError, match="asked by the driver only"):
        Stage(made, admission=Admission(slow=False))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="asks for processes as POSIX knows them")
def test_its_towns_live_here_while_those_of_others_live_on_workers(tmp_path) -> None:
    made = job("policy.patience.cadence=4", seeds=(1, 2), ticks=30)
    quick = Job(made.config, Cast.of("stub"), (3, 4), 30)

    def jobs(name: str) -> list[Job]:
        return [replace(made, keep=Keep.dataset(tmp_path / name)), quick, made]

    told: list[Headway] = []
    with open_executor(ExecutionConfig(workers=2), say=lambda _: None) as executor:
        there = list(executor.map(jobs("there"), watch=told.append))
    here = list(InProcess().map(jobs("here")))
    assert files(tmp_path / "there") == files(tmp_path / "here")
    for mine, other in zip(there, here, strict=True):
        assert (mine.kpis.agent_sums == other.kpis.agent_sums).all()
        assert mine.ledgers == other.ledgers
    assert there[2].ledgers[0].ledger.questions > 0
    assert (told[-1].done, told[-1].total, told[-1].pieces, told[-1].of) == (180, 180, 3, 3)


def test_a_slow_mind_is_no_policy(oracle) -> None:
    from townlet.play.stage import town_spec

    with pytest.raises(BackendContractError, match="does not answer on each tick"):
        resolve_policy("oracle", spec=town_spec(job().config))
    assert [row.name for row in scan() if row.manifest and "slow" in row.manifest.capabilities] == ["oracle"]


def test_a_backend_that_claims_to_be_slow_and_is_not_is_refused(oracle) -> None:
    oracle.add_backend("hasty", manifest=MANIFEST)
    with pytest.raises(BackendContractError, match="its slow mind does not fit") as refused:
        perform_one(job("policy.backend=hasty"))
    assert "no method ponder" in str(refused.value)


def test_a_mind_travels_with_its_patience_and_its_fallback() -> None:
    mind = job("policy.patience.cadence=4").cast.minds[0]
    assert mind.slow
    assert MindSpec.from_json(json.loads(json.dumps(mind.to_json()))) == mind
    assert [single.backend for single in mind.singles()] == ["oracle", "stub"]


def test_a_slow_mind_opened_by_name_alone_has_the_default_patience(oracle) -> None:
    oracle.add_backend("scripted-like")
    from townlet.play.stage import town_spec

    mind = MindSpec(
        requested="oracle",
        backend="oracle",
        patience={"fallback": "stub"},
        fallback=MindSpec(requested="stub", backend="stub"),
    )
    part = Admission().open(mind, town_spec(job().config))
    assert isinstance(part.policy, Patience)
    assert part.policy.settings.cadence == 25
    part.policy.close()
