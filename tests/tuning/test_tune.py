"""The search, over a formula: what it finds, that it goes on exactly, and that no town is tuned on and judged on."""

from __future__ import annotations

import importlib.util
import json

import pytest

from townlet.config import load_config
from townlet.config.execution import ExecutionConfig
from townlet.errors import ConfigError, TownletError, UsageError
from townlet.tuning import StudyFolder, TuningProgress, plan_of, play_trial, tune

pytest.importorskip("optuna")

SEARCH = 'tuning.search={eat_below: "0.42:0.95", patience: auto}'


def told(folder):
    return (folder / "trials.jsonl").read_text()


@pytest.mark.parametrize("sampler", ["local", "tpe"])
def test_it_finds_what_is_there_to_be_found(small, formula, tmp_path, sampler):
    config = small(SEARCH, "tuning.trials=60", f"tuning.sampler={sampler}", "tuning.judge_seeds=16")
    result = tune(config, tmp_path / "study", run=formula())
    best = result.best.values
    assert abs(best["policy.options.eat_below"] - 0.7) < 0.08
    assert best["policy.options.patience"] == 1
    assert result.start.values["policy.options.eat_below"] == 0.48
    assert result.differences["reward"].verdict == "better"
    assert "reward" in result.verdict
    assert result.best.broken == ()


def test_constraints_come_before_the_objective(small, formula, tmp_path):
    config = small(SEARCH, "tuning.trials=60", 'tuning.constraints=["reward <= 0.96"]', "tuning.finalists=30")
    result = tune(config, tmp_path / "study", run=formula())
    assert 0.93 < result.best.evaluation.kpis["reward"].mean <= 0.97


def test_constraints_that_nothing_keeps_are_said(small, formula, tmp_path):
    config = small(SEARCH, "tuning.trials=8", 'tuning.constraints=["wages >= 1", "reward >= 2"]')
    result = tune(config, tmp_path / "study", run=formula())
    assert result.best.broken == ("reward >= 2",)
    assert "Not met there: reward >= 2" in (tmp_path / "study" / "best.yaml").read_text()


def test_no_town_is_tuned_on_and_judged_on(small, formula, tmp_path):
    run = formula()
    result = tune(small(SEARCH, "tuning.trials=6"), tmp_path / "study", run=run)
    trials, finals, judged = run.jobs[:6], run.jobs[6:-2], run.jobs[-2:]
    assert {job.seeds for job in trials} == {result.towns.tuned_on.seeds()} == {(2_000_000, 2_000_001)}
    assert {job.seeds for job in finals} == {result.towns.finals.seeds()} == {(2_000_002, 2_000_003)}
    assert {job.seeds for job in judged} == {result.towns.judged_on.seeds()} == {(1_000_000, 1_000_001)}
    assert len(finals) in (2, 3)  # the finalists, and the settings as they were


def test_towns_that_would_be_tuned_on_and_judged_on_are_refused(small):
    with pytest.raises(UsageError, match="overlap those judged on"):
        plan_of(small("tuning.first_seed=999998"))
    assert plan_of(small("tuning.first_seed=999996")).towns.finals.seeds() == (999_998, 999_999)


@pytest.mark.parametrize("stop_at", [0, 1, 4, 6, 11])
def test_a_study_that_was_interrupted_goes_on_as_if_it_had_not_been(small, formula, tmp_path, stop_at):
    config = small(SEARCH, "tuning.trials=12", "tuning.batch=3")
    whole = tune(config, tmp_path / "whole", run=formula())
    with pytest.raises(KeyboardInterrupt):
        tune(config, tmp_path / "parts", run=formula(stop_at=stop_at))
    again = tune(config, tmp_path / "parts", resume=True, run=formula())
    assert told(tmp_path / "parts") == told(tmp_path / "whole")
    assert again.model_dump(exclude={"seconds"}) == whole.model_dump(exclude={"seconds"})


def test_a_study_can_be_given_more_trials(small, formula, tmp_path):
    tune(small(SEARCH, "tuning.trials=5"), tmp_path / "grown", run=formula())
    tune(small(SEARCH, "tuning.trials=9"), tmp_path / "grown", resume=True, run=formula())
    tune(small(SEARCH, "tuning.trials=9"), tmp_path / "whole", run=formula())
    assert told(tmp_path / "grown") == told(tmp_path / "whole")


def test_a_finished_study_resumed_plays_no_trial_again(small, formula, tmp_path):
    config, run = small(SEARCH, "tuning.trials=5"), formula()
    tune(config, tmp_path / "study", run=formula())
    before = told(tmp_path / "study")
    tune(config, tmp_path / "study", resume=True, run=run)
    assert told(tmp_path / "study") == before
    assert all(job.seeds != (2_000_000, 2_000_001) for job in run.jobs)


def test_a_study_of_another_config_is_refused_with_the_difference(small, formula, tmp_path):
    tune(small(SEARCH, "tuning.trials=2"), tmp_path / "study", run=formula())
    for change, difference in (
        ("rewards.need_scale=0.005", "rewards.need_scale was 0.004 and is 0.005 now"),
        ("tuning.seeds=3", "tuning.seeds was 2 and is 3 now"),
        ("policy.options.wash_below=0.5", "policy.options.wash_below was null and is 0.5 now"),
    ):
        with pytest.raises(ConfigError, match=difference):
            tune(small(SEARCH, "tuning.trials=2", change), tmp_path / "study", resume=True, run=formula())


def test_a_study_of_another_policy_is_refused(small, formula, tmp_path):
    tune(small(SEARCH, "tuning.trials=2"), tmp_path / "study", run=formula())
    path = tmp_path / "study" / "study.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "policy": "other"}))
    with pytest.raises(UsageError, match="of policy 'other', not of 'scripted'"):
        tune(small(SEARCH, "tuning.trials=2"), tmp_path / "study", resume=True, run=formula())
    path.write_text(json.dumps({**document, "fingerprint": "0" * 64}))
    with pytest.raises(UsageError, match="behaves differently from when the study began"):
        tune(small(SEARCH, "tuning.trials=2"), tmp_path / "study", resume=True, run=formula())


def test_a_folder_with_something_in_it_is_left_alone(small, formula, tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        tune(small(), tmp_path, run=formula())


def test_there_must_be_a_study_to_resume(small, formula, tmp_path):
    with pytest.raises(UsageError, match="no study to resume"):
        tune(small(), tmp_path / "nowhere", resume=True, run=formula())
    with pytest.raises(UsageError, match="no study to resume"):
        StudyFolder.config_of(tmp_path)


@pytest.mark.parametrize("policy", ["stub", "release", "mixture:scripted,stub,0.5"])
def test_a_policy_without_options_of_its_own_cannot_be_tuned(small, policy):
    with pytest.raises(UsageError, match="has no options to tune"):
        plan_of(small("policy.options={}", f"policy.backend='{policy}'"))


def test_an_objective_that_is_neither_good_nor_bad_is_refused(small):
    with pytest.raises(UsageError, match="neither more nor less of 'rent' is better"):
        plan_of(small("tuning.objective=rent"))


def test_less_of_some_figures_is_better(small):
    assert not plan_of(small("tuning.objective=starvations")).maximise
    assert plan_of(small("tuning.objective=wages")).maximise


def test_settings_that_the_backend_refuses_together_are_not_played(small, formula, tmp_path):
    run = formula()
    tune(
        small('tuning.search={eat_below: "0.3:0.6", eat_at_work_below: "0.3:0.6"}', "tuning.trials=25"),
        tmp_path / "s",
        run=run,
    )
    for job in run.jobs:
        options = json.loads(job.config)["policy"]["options"]
        assert options["eat_at_work_below"] <= options["eat_below"]


def test_where_everything_was_tried_the_search_says_so(small, formula, tmp_path):
    with pytest.raises(TownletError, match=r"no new settings(.|\n)*ask for fewer trials"):
        tune(small("tuning.search={patience: [1, 3]}", "tuning.trials=9"), tmp_path / "study", run=formula())


def test_a_trial_that_fails_is_told_and_never_wins(small, formula, tmp_path):
    def half(job):
        return json.loads(job.config)["policy"]["options"]["patience"] == 1

    result = tune(small(SEARCH, "tuning.trials=30"), tmp_path / "study", run=formula(fails=half))
    assert result.failed > 0
    assert result.best.values["policy.options.patience"] != 1
    assert '"error":"it broke down"' in told(tmp_path / "study")


def test_time_that_is_up_ends_the_search_but_not_the_judging(small, formula, tmp_path):
    result = tune(small(SEARCH, "tuning.trials=50", "tuning.max_seconds=1e-6"), tmp_path / "study", run=formula())
    assert (result.status, result.trials) == ("time_limit", 1)
    assert result.best.trial == 0


def test_progress_is_told_trial_by_trial(small, formula, tmp_path):
    seen: list[TuningProgress] = []
    tune(small(SEARCH, "tuning.trials=5"), tmp_path / "study", run=formula(), progress=seen.append)
    assert [p.done for p in seen if p.phase == "trials"] == [0, 1, 2, 3, 4, 5]
    assert next(p.done for p in seen if p.phase == "finals") == 0
    assert {p.phase for p in seen} == {"trials", "finals", "judging"}
    assert seen[-1].done == seen[-1].total == 2


def test_a_study_that_goes_on_first_tells_the_trials_of_before(small, formula, tmp_path):
    tune(small(SEARCH, "tuning.trials=3"), tmp_path / "study", run=formula())
    seen: list[TuningProgress] = []
    more = small(SEARCH, "tuning.trials=5")
    tune(more, tmp_path / "study", run=formula(), progress=seen.append, resume=True)
    assert [p.done for p in seen if p.phase == "trials"] == [3, 4, 5]


def test_what_was_found_runs_as_a_config(small, formula, tmp_path):
    result = tune(small(SEARCH, "tuning.trials=6"), tmp_path / "study", run=formula())
    found = load_config(tmp_path / "study" / "best.yaml")
    assert found.town.map == "hamlet"
    assert found.policy.options["preset"] == "classic"
    assert found.policy.options["eat_below"] == result.best.values["policy.options.eat_below"]


@pytest.mark.slow
def test_in_a_town_workers_change_nothing(small, tmp_path):
    config = small(SEARCH, "tuning.trials=4")
    one = tune(config, tmp_path / "one")
    two = tune(config, tmp_path / "two", execution=ExecutionConfig(workers=2))
    assert one.model_dump(exclude=_TIMES) == two.model_dump(exclude=_TIMES)
    assert one.start.evaluation.agents == 4


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs Ray, the extra townlet-core[ray]")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_on_ray_a_study_is_the_same(small, tmp_path):
    config = small(SEARCH, "tuning.trials=4")
    here = tune(config, tmp_path / "here")
    there = tune(config, tmp_path / "there", execution=ExecutionConfig(executor="ray", workers=2))
    assert there.model_dump(exclude=_TIMES) == here.model_dump(exclude=_TIMES)


_TIMES = {"seconds": True, "start": {"evaluation": {"timing"}}, "best": {"evaluation": {"timing"}}}


@pytest.mark.slow
def test_a_checkpoint_goes_where_trials_are_played_elsewhere(small, tmp_path):
    plan = plan_of(small(SEARCH))
    job = plan.job(plan.space.start(), 0, plan.towns.tuned_on, tmp_path, elsewhere=True)
    assert job.train is None
    assert job.cast is not None
    here = plan.job(plan.space.start(), 0, plan.towns.tuned_on, tmp_path)
    found, same = play_trial(job).evaluation, play_trial(here).evaluation
    assert found is not None
    assert same is not None
    assert found.model_dump(exclude={"timing"}) == same.model_dump(exclude={"timing"})


def test_a_study_that_is_being_searched_is_refused_to_a_second(small, formula, tmp_path):
    config, inner = small(SEARCH, "tuning.trials=4"), formula()
    refused = []

    def run(job, jobs):
        if not refused:
            before = told(tmp_path / "study") if (tmp_path / "study" / "trials.jsonl").exists() else ""
            with pytest.raises(UsageError, match="this study is being searched by process") as error:
                tune(config, tmp_path / "study", resume=True, run=formula())
            assert before == (told(tmp_path / "study") if before else "")
            refused.append(error)
        return inner(job, jobs)

    tune(config, tmp_path / "study", run=run)
    assert refused
    assert not (tmp_path / "study" / "study.lock").exists()
