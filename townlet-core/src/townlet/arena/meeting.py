"""``meet``: minds play a suite's scenarios, and each other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from townlet.arena.anchors import Anchors
from townlet.arena.crossing import cross_play, crossings
from townlet.arena.interface import refuse_other_interfaces
from townlet.arena.joining import total
from townlet.arena.matches import Setting
from townlet.arena.measures import measured
from townlet.arena.naming import refuse_taught
from townlet.arena.results import Anchor, ArenaResult, ArenaTiming, CrossPlay, ScenarioResult, Standing
from townlet.arena.suites import MatchScenario, Suite
from townlet.errors import UsageError
from townlet.evaluation import estimate
from townlet.executors import Executor, InProcess, Watch
from townlet.play import Admission, MindSpec, Outcome
from townlet.play.effort import refuse_endless

__all__ = ["meet"]

Progress = Callable[[int, int, str], None]
"""Told how many of how many jobs are done, and the name of the one that comes next."""


@dataclass(frozen=True, slots=True)
class _Match:
    """A scenario that was played: its outcome with each mind, and without any."""

    scenario: MatchScenario
    setting: Setting
    baseline: Outcome
    outcomes: tuple[Outcome, ...]


def meet(
    minds: Sequence[MindSpec],
    suite: Suite,
    *,
    scenarios: Sequence[str] = (),
    matrix: bool = True,
    admission: Admission | None = None,
    executor: Executor | None = None,
    watch: Watch | None = None,
    progress: Progress | None = None,
) -> ArenaResult:
    """Let each mind live among the strangers of a suite, and among each other.

    Args:
        minds: who is under test; each by another name.
        suite: the scenarios.
        scenarios: names of those to play; all by default.
        matrix: whether every mind plays with every other, too.
        admission: which minds may act here; one that cannot run is an error.
        executor: where towns are played; in this process by default. The result is the same.
        watch: told what its workers do.
        progress: told how far it is.

    Raises:
        UsageError: for no mind, two minds of one name, a scenario that is not there or has a place too few, or a mind
            that was taught on what the suite holds out.
        BackendError, CheckpointError: if a mind cannot run, or was taught to see or to decide otherwise.
    """
    names = [mind.requested for mind in minds]
    if not minds or len(set(names)) < len(names):
        raise UsageError(
            "the arena needs one mind or more, each once", details=(f"found {', '.join(names) or 'none'}",)
        )
    if suite.held_out:
        for mind in (*minds, *(archetype.mind(name) for name, archetype in suite.minds.items())):
            refuse_taught(mind)
    chosen = [suite.scenario(name) for name in scenarios] or list(suite.scenarios)
    settings = [Setting.of(suite, scenario) for scenario in chosen]
    for setting in settings:
        refuse_other_interfaces((*minds, *(mind for mind, _ in setting.background)), setting.config)
        setting.refuse_left_out()
    jobs = [job for setting in settings for job in (setting.baseline(), *(setting.job(mind) for mind in minds))]
    labels = [f"{setting.name}: {who}" for setting in settings for who in ("without you", *names)]
    crossed = crossings(suite, minds) if matrix and len(minds) > 1 else ()
    jobs += [setting.job(mind) for setting, mind in crossed]
    labels += [f"{mind.requested} among {setting.name}" for setting, mind in crossed]
    refuse_endless(jobs, workers=1 if executor is None else executor.workers)
    started = time.perf_counter()
    done = (executor or InProcess()).map(jobs, admission=admission, watch=watch)
    outcomes = list(_told(done, labels, progress))
    width = len(minds) + 1
    matches = [
        _Match(scenario, setting, outcomes[width * n], tuple(outcomes[width * n + 1 : width * (n + 1)]))
        for n, (scenario, setting) in enumerate(zip(chosen, settings, strict=True))
    ]
    rest = outcomes[width * len(settings) :]
    found = cross_play(crossed, rest, minds) if crossed else None
    return _result(suite, minds, matches, found, time.perf_counter() - started)


def _told(outcomes: Iterable[Outcome], labels: Sequence[str], progress: Progress | None) -> Iterator[Outcome]:
    if progress is not None:
        progress(0, len(labels), labels[0])
    for number, outcome in enumerate(outcomes, 1):
        if progress is not None:
            progress(number, len(labels), labels[min(number, len(labels) - 1)])
        yield outcome


def _result(
    suite: Suite, minds: Sequence[MindSpec], matches: Sequence[_Match], matrix: CrossPlay | None, seconds: float
) -> ArenaResult:
    anchors = Anchors.of(suite)
    people = {match.scenario.name: match.baseline for match in matches}
    otherwise = suite.interface.warnings() if anchors.anchors else ()
    same = suite.interface.plain  # by another one everybody has another fingerprint
    warnings = (*anchors.warnings, *otherwise, *(anchors.strangers(people) if same else ()))
    scenarios = [_scenario_result(match, minds, anchors.of_scenario(match.scenario.name)) for match in matches]
    return ArenaResult(
        suite=suite.name,
        suite_digest=suite.digest,
        interface=suite.interface.settings(),
        minds=tuple(mind.requested for mind in minds),
        provenance={mind.requested: _of_focal(matches[0].outcomes[number]) for number, mind in enumerate(minds)},
        totals=tuple(total(number, scenarios) for number in range(len(minds))),
        scenarios=tuple(scenarios),
        matrix=matrix,
        warnings=warnings,
        timing=ArenaTiming(seconds=seconds),
    )


def _of_focal(outcome: Outcome) -> dict[str, object]:
    told = outcome.provenance.minds[0].to_json()
    return {name: value for name, value in told.items() if name not in ("who", "agents")}


def _scenario_result(match: _Match, minds: Sequence[MindSpec], anchor: Anchor | None) -> ScenarioResult:
    standings = []
    for mind, outcome in zip(minds, match.outcomes, strict=True):
        values = measured(outcome, match.baseline)
        score = None
        if anchor is not None:
            values["score"] = (values["focal_return"] - anchor.zero) / (anchor.one - anchor.zero)
            score = estimate(values["score"])
        standings.append(
            Standing(
                mind=mind.requested,
                measures={name: estimate(sample) for name, sample in values.items() if name != "score"},
                score=score,
                per_seed={name: tuple(sample.tolist()) for name, sample in values.items()},
            )
        )
    setting = match.setting
    return ScenarioResult(
        name=setting.name,
        title=match.scenario.title,
        axes=match.scenario.axes,
        role=match.scenario.role,
        days=setting.ticks / setting.config.town.time.day_ticks,
        agents=match.baseline.players.shape[1],
        seeds=setting.seeds,
        anchor=anchor,
        standings=tuple(standings),
    )
