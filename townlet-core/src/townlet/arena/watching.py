"""Towns of a result to look at: the worst and the best of each mind, played again and written as pages."""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlencode

from townlet.arena.matches import Setting
from townlet.arena.results import ArenaResult, ScenarioResult
from townlet.arena.suites import Suite
from townlet.data import open_dataset
from townlet.envs.names import slot_names
from townlet.errors import UsageError
from townlet.play import Admission, Keep, MindSpec, play
from townlet.viewer import film_of, page_of

__all__ = ["Extreme", "Watched", "extremes", "film_town", "watch_extremes", "watch_command"]


@dataclass(frozen=True, slots=True)
class Extreme:
    """A town in which a mind did best, or worst.

    Attributes:
        mind: as it was named.
        scenario: name of the scenario.
        seed: of the town.
        which: best or worst.
        value: score of the people under test, or their return where the scenario has no scale.
    """

    mind: str
    scenario: str
    seed: int
    which: Literal["worst", "best"]
    value: float


@dataclass(frozen=True, slots=True)
class Watched:
    """A town that was played again and written as a page.

    Attributes:
        path: of the page.
        agent: the first person whom the mind under test plays.
    """

    path: Path
    agent: str

    def address(self, page: Path) -> str:
        """Where it is for a browser that shows ``page``, from the beginning, with that person followed."""
        relative = self.path.resolve().relative_to(page.resolve().parent)
        return f"{quote(relative.as_posix())}#{urlencode({'t': 0, 'agent': self.agent})}"


def extremes(result: ArenaResult, *, each_scenario: bool = False) -> tuple[Extreme, ...]:
    """The worst and the best town of each mind, over all scenarios or in each.

    Over all, towns are compared by score; by return where not every scenario has a scale.
    """
    found: list[Extreme] = []
    groups = [(scenario,) for scenario in result.scenarios] if each_scenario else [result.scenarios]
    for group in groups:
        scored = all(scenario.anchor is not None for scenario in group)
        for mind in result.minds:
            towns = [town for scenario in group for town in _towns(scenario, mind, scored=scored)]
            worst, best = min(towns, key=lambda town: town.value), max(towns, key=lambda town: town.value)
            found += [worst, replace(best, which="best")]
    return tuple(found)


def film_town(
    mind: MindSpec, suite: Suite, scenario: str, seed: int, path: Path, *, admission: Admission | None = None
) -> Watched:
    """Play one town of a scenario again, and write the page that shows it.

    A town does not depend on those that were played beside it, so it is the one of the result.

    Args:
        mind: who is under test.
        suite: the suite.
        scenario: name of the scenario.
        seed: of the town.
        path: of the page.
        admission: which minds may act here.

    Raises:
        UsageError: for a scenario or a town that the suite does not have, or a page that cannot be written.
        BackendError, CheckpointError: if the mind cannot run.
    """
    wanted = suite.scenario(scenario)
    seeds = suite.seeds_of(wanted)
    if seed not in seeds:
        raise UsageError(
            f"scenario {scenario!r} has no town {seed}", details=(f"its towns are {seeds[0]} to {seeds[-1]}",)
        )
    setting = replace(Setting.of(suite, wanted), seeds=(seed,))
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / _file_name(scenario, mind.requested, seed)
        outcome = play(replace(setting.job(mind), keep=Keep.dataset(recording, logits=True)), admission=admission)
        page_of([film_of(open_dataset(recording))]).write(path)
    seats = outcome.players[0]
    return Watched(path, slot_names(len(seats))[int((seats == 0).argmax())])


def watch_extremes(
    result: ArenaResult,
    minds: Sequence[MindSpec],
    suite: Suite,
    report: Path,
    *,
    each_scenario: bool = False,
    admission: Admission | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Mapping[tuple[str, str, int], Watched]:
    """Write pages for the worst and the best towns into ``NAME-towns`` beside a report called ``NAME.html``.

    Args:
        result: what was found.
        minds: those of the result.
        suite: that of the result.
        report: path of the report.
        each_scenario: the worst and the best of each scenario instead of those over all.
        admission: which minds may act here.
        progress: told how many of how many are done, and which comes next.

    Returns:
        By scenario, mind and seed, the pages.

    Raises:
        UsageError: if a page cannot be written.
        BackendError, CheckpointError: if a mind cannot run.
    """
    folder = report.with_name(f"{report.stem}-towns")
    named = {mind.requested: mind for mind in minds}
    wanted = list(dict.fromkeys((e.scenario, e.mind, e.seed) for e in extremes(result, each_scenario=each_scenario)))
    found = {}
    for number, (scenario, mind, seed) in enumerate(wanted):
        name = _file_name(scenario, mind, seed)
        if progress is not None:
            progress(number, len(wanted), f"page of {name}")
        path = folder / f"{name}.html"
        found[scenario, mind, seed] = film_town(named[mind], suite, scenario, seed, path, admission=admission)
    return found


def watch_command(town: Extreme, suite: str, more: Sequence[str] = ()) -> str:
    """The command that writes the page of a town.

    Args:
        town: the town.
        suite: name or file of the suite.
        more: options that say who the mind is.
    """
    page = f"{_file_name(town.scenario, town.mind, town.seed)}.html"
    words = ["townlet", "arena", town.mind, "--suite", suite, "--scenario", town.scenario, "--town", str(town.seed)]
    return shlex.join([*words, *more, "--report", page])


def _towns(scenario: ScenarioResult, mind: str, *, scored: bool) -> list[Extreme]:
    (standing,) = [standing for standing in scenario.standings if standing.mind == mind]
    values = standing.per_seed["score" if scored else "focal_return"]
    return [
        Extreme(mind, scenario.name, seed, "worst", value) for seed, value in zip(scenario.seeds, values, strict=True)
    ]


def _file_name(scenario: str, mind: str, seed: int) -> str:
    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", mind).strip("-.")[-40:] or "mind"
    return f"{scenario}-{plain}-{seed}"
