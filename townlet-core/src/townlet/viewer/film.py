"""A film: one recorded town as the page shows it. Made by living the recording again, exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from townlet.data import Dataset
from townlet.data.manifest import DatasetManifest
from townlet.envs.engine import TownEngine
from townlet.errors import DatasetError, UsageError
from townlet.play.replaying import replayed
from townlet.rollout import Step
from townlet.viewer.asking import ask_again
from townlet.viewer.columns import pack
from townlet.viewer.figures import headline_values, pack_figures
from townlet.viewer.frames import FrameNotes, TieNotes
from townlet.viewer.happenings import EventNotes
from townlet.viewer.plans import PlanNotes, ledger_rows
from townlet.viewer.scenery import describe_scenery
from townlet.viewer.sentences import MOST_WORDS, WordNotes
from townlet.viewer.thinning import Thinning, thin_out
from townlet.viewer.thoughts import ThoughtNotes

__all__ = ["Film", "film_of"]

_TOLD_EVERY = 256
_KPI_FRAMES = 200

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Film:
    """What a page shows of one town.

    Attributes:
        title: name of the town.
        about: JSON-ready: who played, when, which dataset, and sentences on what is left out (``notes``).
        parts: packed parts (see :mod:`townlet.viewer.columns`) by name: ``scenery``, ``frames``, ``ties``,
            ``events``, ``kpis``, where minds are shown ``choices`` and ``seen``, for few enough ``words``, and where
            slow minds said something ``plans``.
    """

    title: str
    about: Mapping[str, Any]
    parts: Mapping[str, bytes]

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(map(len, self.parts.values()))


def film_of(
    dataset: Dataset,
    *,
    world: int = 0,
    ticks: tuple[int, int] | None = None,
    minds: bool = True,
    ask: str | None = None,
    progress: Progress | None = None,
) -> Film:
    """Live one town of ``dataset`` again and keep what the page shows.

    Args:
        dataset: a recording of whole towns from their first tick.
        world: which of its towns.
        ticks: first and last tick shown; all of the first stretch by default.
        minds: keep masks, probabilities, values, rewards and observations, where they fit (see ``thinning``).
        ask: a mind to ask again at each tick, as ``townlet run --backend`` takes it.
        progress: told ticks done and ticks in all.

    Raises:
        DatasetError: if it does not begin at tick 0, is not a recording of towns, or another version of the town
            recorded it, so that living it again leads elsewhere.
        UsageError: for a town or ticks that were not recorded.
        TownletError: where ``ask`` cannot be asked.
    """
    manifest = dataset.manifest
    _refuse_what_cannot_be_shown(dataset, world)
    first, last = _range(dataset, ticks, manifest.segments[0].ticks)
    stage, mind = replayed(dataset, world=world)
    with stage:
        engine = stage.engine
        assert isinstance(engine, TownEngine)
        thinning = thin_out(first, last, engine.agents, thoughts=minds or ask is not None)
        adviser = ask_again(ask, stage.job.config, engine) if ask is not None else None
        notes = _Notes(engine, thinning, manifest.reward_parts)
        plans = PlanNotes(dataset.thoughts() if minds else (), world, last)
        rows = slice(world * engine.agents, (world + 1) * engine.agents)

        def note(step: Step) -> None:
            seen, actions = step.observations, step.decision.actions
            scores = adviser.scores(seen, actions) if adviser is not None else None
            if thinning.thoughts and thinning.keeps(step.tick):
                block, t = mind.recorded(step.tick)
                notes.thoughts.note(step.tick, block, t, rows, scores)
                if notes.tells_words:
                    notes.words.note(seen)
            notes.after(step)
            if progress is not None and (step.tick + 1) % _TOLD_EVERY == 0:
                progress(step.tick + 1, last)

        if stage.run(last, watchers=[mind.compare, note]).interrupted:
            raise KeyboardInterrupt
    more = [plans.note(), None if adviser is None else adviser.note()]
    return Film(
        title=str(manifest.config.get("name") or "a town"),
        about=_about(dataset, world, thinning, notes, more, asked=adviser is not None),
        parts={**notes.parts(manifest.agent_names or engine.agent_names), **plans.packed()},
    )


class _Notes:
    """All notes that are taken while a town lives."""

    def __init__(self, engine: TownEngine, thinning: Thinning, reward_parts: tuple[str, ...]) -> None:
        self._engine, self._thinning = engine, thinning
        self.frames = FrameNotes(engine, thinning.frames)
        self.ties = TieNotes(engine)
        self.events = EventNotes(engine)
        self.thoughts = ThoughtNotes(engine.spec, reward_parts)
        self.words = WordNotes(engine.spec)
        self.tells_words = thinning.thoughts and thinning.frames * engine.agents <= MOST_WORDS
        self._every = max(25, -(-(thinning.last - thinning.first) // _KPI_FRAMES))
        self._kpis: list[tuple[int, list[float]]] = []
        self._now(0)

    def after(self, step: Step) -> None:
        """What was done at a step, what it brought, and the state that it led to."""
        if self._thinning.keeps(step.tick):
            self.frames.act(step.decision.actions)
        if step.tick + 1 >= self._thinning.first:
            self.events.note()
        self._now(step.tick + 1)

    def _now(self, tick: int) -> None:
        if self._thinning.keeps(tick):
            self.frames.note()
            self.ties.note()
        if tick >= self._thinning.first and (tick % self._every == 0 or tick == self._thinning.last):
            self._kpis.append((tick, headline_values(self._engine.kpis())))

    def parts(self, names: tuple[str, ...]) -> dict[str, bytes]:
        """Everything, packed; the agents are called ``names``."""
        return {
            "scenery": pack({}, describe_scenery(self._engine, names)),
            "frames": self.frames.packed(),
            "ties": self.ties.packed(),
            "events": self.events.packed(),
            "kpis": pack_figures([tick for tick, _ in self._kpis], [values for _, values in self._kpis]),
            **(self.thoughts.packed() if self._thinning.thoughts else {}),
            **self.words.packed(),
        }


def _refuse_what_cannot_be_shown(dataset: Dataset, world: int) -> None:
    manifest, where = dataset.manifest, str(dataset.path)
    if manifest.layout != "worlds" or not manifest.segments or not manifest.segments[0].seeds:
        raise DatasetError(
            "this dataset cannot be watched: its rows are chosen lives, not whole towns",
            where=where,
            details=("watch the recording that it was cut from",),
        )
    if manifest.segments[0].first_tick != 0:
        raise DatasetError(
            f"this recording begins at tick {manifest.segments[0].first_tick}, and a town can only be lived again "
            "from its first",
            where=where,
            details=("record the run from tick 0: townlet run --record DIR",),
        )
    if not 0 <= world < manifest.worlds:
        raise UsageError(f"there is no town {world}: towns are 0 to {manifest.worlds - 1}", where=where)


def _range(dataset: Dataset, ticks: tuple[int, int] | None, length: int) -> tuple[int, int]:
    if ticks is None:
        return 0, length
    first, last = ticks
    if not 0 <= first < last or first >= length:
        raise UsageError(
            f"ticks {first} to {last} were not recorded", where=str(dataset.path), details=(f"recorded: 0 to {length}",)
        )
    return first, min(last, length)


def _players(manifest: DatasetManifest, world: int) -> list[int] | None:
    """Number of the mind that plays each agent of a town; None where one plays all."""
    if not manifest.players:
        return None
    return list(manifest.players[world if len(manifest.players) > 1 else 0])


def _about(
    dataset: Dataset, world: int, thinning: Thinning, notes: _Notes, more: Sequence[str | None], *, asked: bool
) -> dict[str, Any]:
    manifest = dataset.manifest
    said = list(thinning.notes)
    if manifest.policy.get("active") == "stub":
        said.append("Everybody only waits: the stub stood in for the mind that was asked for.")
    elif manifest.is_stub:
        said.append("Whom the stub plays only waits.")
    if not manifest.complete:
        said.append(f"The recording was cut short: {manifest.interruption or 'it does not say why'}.")
    if len(manifest.segments) > 1:
        said.append(f"The recording has {len(manifest.segments)} stretches; this is the first.")
    if notes.events.left_out:
        said.append(notes.events.said_of_what_is_left_out())
    elif thinning.stride > 1:
        said.append("Events are complete, those of the ticks between too.")
    said += filter(None, more)
    return {
        "name": dataset.path.name,
        "world": world,
        "worlds": manifest.worlds,
        "seed": str(manifest.segments[0].seeds[world]),
        "created": manifest.created,
        "configId": manifest.config_id,
        "digest": dataset.digest,
        "policy": manifest.policy,
        "players": _players(manifest, world),
        "first": thinning.first,
        "last": thinning.last,
        "stride": thinning.stride,
        "minds": thinning.thoughts,
        "cramped": thinning.cramped,
        "asked": asked,
        "kept": manifest.logits,
        "words": notes.tells_words,
        "ledger": ledger_rows(manifest.ledger),
        "notes": said,
    }
