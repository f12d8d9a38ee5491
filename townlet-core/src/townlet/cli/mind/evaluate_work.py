"""What ``evaluate`` and ``compare`` do: play the towns, show how far they are, keep the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from townlet.checkpoints import read_checkpoint
from townlet.cli.compiling import say_that_it_compiles
from townlet.cli.output import console, warn
from townlet.config import Override, load_document
from townlet.errors import RegistryError
from townlet.evaluation import EvaluationResult, PolicyAccess, evaluate, evaluation_seeds
from townlet.evaluation.names import HEADLINES
from townlet.evaluation.scenarios import Scorecard, load_scenario, scenario_names, score
from townlet.minds.runtime import PolicyRuntime
from townlet.observations import build_spec
from townlet.registry import Registry, resolve_release
from townlet.telemetry.kpis import TownKpis

if TYPE_CHECKING:
    from townlet.config import ConfigDocument, TownletConfig

__all__ = ["Work", "again", "evaluate_one", "evaluate_scenarios", "refuse_what_cannot_play", "require_scenarios"]

Watch = Callable[[TownKpis], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is asked for.

    Attributes:
        document: the config.
        reread: reads it again with further overrides.
        seeds: how many towns, or None for the config's number.
        days: length of each, or None for the config's.
        runs: the runs folder.
        keep: whether results go into its registry.
        quiet: whether progress is not shown.
    """

    document: ConfigDocument
    reread: Callable[[list[Override]], ConfigDocument]
    seeds: int | None
    days: float | None
    runs: Path
    keep: bool
    quiet: bool


def again(
    path: Path | None, overrides: tuple[str, ...], seed: int | None
) -> Callable[[list[Override]], ConfigDocument]:
    """Reads the same config as before with further overrides on top."""
    fixed: list[str | Override] = [*overrides, *([] if seed is None else [Override("seed", seed, f"--seed {seed}")])]
    return lambda further: load_document(path, [*fixed, *further])


def evaluate_one(work: Work, policy: str, watch: Watch | None = None) -> EvaluationResult:
    """Evaluate one policy on the config's towns and keep the result."""
    config = work.document.config
    seeds = evaluation_seeds(config, work.seeds)
    days = config.evaluation.days if work.days is None else work.days
    return _play(work, policy, config, seeds, days, watch=watch)


def refuse_what_cannot_play(work: Work, policies: Sequence[str]) -> None:
    """Open each policy once: a slip in the last name must not cost the hours of the first.

    Raises:
        UsageError, BackendError, CheckpointError, RegistryError: as playing it would.
    """
    config, release = work.document.config, lambda: resolve_release(work.runs)
    for policy in policies:
        PolicyRuntime.from_config(
            config, build_spec(config), backend=policy, on_missing="error", release=release
        ).close()


def evaluate_scenarios(work: Work, policy: str, name: str) -> Scorecard:
    """Evaluate one policy in the named scenario, or in all, and keep the results.

    Raises:
        UsageError: for a scenario that does not exist.
    """
    scenarios = [load_scenario(one) for one in (scenario_names() if name == "all" else (name,))]
    scores = []
    for scenario in scenarios:
        config = work.reread(scenario.overrides()).config
        seeds = evaluation_seeds(config, work.seeds or scenario.seeds)
        result = _play(work, policy, config, seeds, work.days or scenario.days, scenario=scenario.name)
        scores.append(score(scenario, result))
    return Scorecard.of(policy, tuple(scores))


def require_scenarios(work: Work, checkpoint: Path) -> None:
    """Play the scenarios that ``evaluation.required_scenarios`` names with a checkpoint.

    Raises:
        RegistryError: if an expectation is missed; it lists each with what was found.
        UsageError: for a scenario that does not exist.
    """
    policy = f"{read_checkpoint(checkpoint).manifest.backend}:{checkpoint}"
    missed = []
    for name in work.document.config.evaluation.required_scenarios:
        for one in evaluate_scenarios(work, policy, name).scores:
            missed += [
                f"{one.scenario}: {e.figure} is {found:.3g}, wanted {e.words()} ({e.why})"
                for e, found, met in zip(one.expectations, one.found, one.met, strict=True)
                if not met
            ]
    if missed:
        raise RegistryError(
            "this checkpoint does not do as expected in the scenarios that a release must pass",
            where=str(checkpoint),
            details=(*missed, "nothing was promoted; --force promotes it all the same"),
        )


def _play(
    work: Work,
    policy: str,
    config: TownletConfig,
    seeds: tuple[int, ...],
    days: float,
    *,
    scenario: str | None = None,
    watch: Watch | None = None,
) -> EvaluationResult:
    access = PolicyAccess(release=lambda: resolve_release(work.runs))
    say_that_it_compiles()
    title = policy if scenario is None else f"{policy} in {scenario}"
    with _progress(title, quiet=work.quiet) as told:
        result = evaluate(
            config, policy, seeds=seeds, days=days, scenario=scenario, access=access, progress=told, watch=watch
        )
    if work.keep:
        _remember(work.runs, result)
    return result


def _remember(runs: Path, result: EvaluationResult) -> None:
    settings = {
        "config_id": result.config_id,
        "seeds": list(result.seeds),
        "days": result.days,
        "scenario": result.scenario,
        "explore": result.explore,
        "fingerprint": result.provenance.get("fingerprint"),
    }
    metrics = {name: result.kpis[name].mean for name in HEADLINES if name in result.kpis and name not in result.unknown}
    try:
        with Registry(runs) as registry:
            registry.add_evaluation(result.policy, metrics=metrics, settings=settings)
    except RegistryError as error:  # what was played for hours is still to be shown
        warn(f"the registry does not keep this result: {error}")


class _progress:  # noqa: N801 (used as a context, named like a function)
    """A bar on stderr while the body runs; calls tell how far it is."""

    def __init__(self, title: str, *, quiet: bool) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=console(),
            transient=True,
            disable=quiet or not console().is_terminal,
        )
        self._task = self._bar.add_task(title, total=1.0)

    def __enter__(self) -> Callable[[int, int], None]:
        self._bar.start()
        return lambda done, total: self._bar.update(self._task, completed=done / total)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
