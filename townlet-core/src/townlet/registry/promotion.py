"""Releases: which checkpoint may become one, which one is, and every decision about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from townlet.checkpoints import Checkpoint, read_checkpoint
from townlet.errors import CheckpointError, RegistryError
from townlet.registry.cells import record_of
from townlet.registry.demands import demanded
from townlet.registry.evidence import Evidence, evidence, passes_required
from townlet.registry.records import PromotionAction, PromotionRecord
from townlet.registry.store import Registry, json_text, somebody, timestamp

__all__ = ["PromotionManager", "PromotionStatus", "resolve_release"]


@dataclass(frozen=True, slots=True)
class PromotionStatus:
    """Where a checkpoint stands.

    Attributes:
        checkpoint: its digest.
        passes: evaluations passed in a row since the last failure or hold; towns that were played before count once.
        required: how many make a candidate; more than were asked for where it has been judged often.
        released: whether it is the release now.
        objections: of the gates of its own training; they stay whatever it passes later.
        judged: evaluations that were held against the gate, passed or not: each is a chance to pass by luck.
    """

    checkpoint: str
    passes: int
    required: int
    released: bool
    objections: tuple[str, ...] = ()
    judged: int = 0

    @property
    def candidate(self) -> bool:
        """Whether it may be promoted."""
        return self.passes >= self.required and not self.objections


class PromotionManager:
    """Decisions about releases, each kept with its metrics, by whom, and the checkpoint's digest.

    The release is found by following the decisions: ``promote`` puts a checkpoint on top of a stack, ``rollback``
    takes the top one off.

    Args:
        registry: where they are kept.
        required_passes: evaluations in a row that make a checkpoint a candidate, at least; a checkpoint that is
            judged again and again takes more (:mod:`townlet.registry.evidence`).
        demands: what else is checked of a candidate before it is promoted, such as scenarios and strangers
            (:class:`townlet.arena.promoting.Demands`); it raises what stands against it. Without, a checkpoint
            whose own run demands such things cannot be promoted.
    """

    def __init__(
        self, registry: Registry, required_passes: int = 2, *, demands: Callable[[Path], None] | None = None
    ) -> None:
        if required_passes < 1:
            raise RegistryError(f"required_passes must be at least 1, found {required_passes}")
        self._registry = registry
        self._required = required_passes
        self._demands = demands

    def record_evaluation(
        self,
        checkpoint: str | Path,
        *,
        passed: bool,
        metrics: Mapping[str, float],
        settings: Mapping[str, Any] | None = None,
        run: str | None = None,
        by: str | None = None,
        gate: Mapping[str, Any] | None = None,
    ) -> PromotionStatus:
        """Enter an evaluation that was held against the gate.

        Args:
            checkpoint: its folder; its digests are verified.
            passed: whether it passed.
            metrics: what was measured.
            settings: on what: seeds, days. Two passes on the very same settings are one piece of evidence.
            run: the run that it belongs to.
            by: who evaluated; the person at the keyboard by default.
            gate: what the gate decided and why, JSON-ready.
        """
        opened = read_checkpoint(checkpoint)
        name = f"{opened.manifest.backend}:{self._registry.stored_path(opened.path)}"
        self._registry.add_evaluation(
            name, metrics=metrics, settings=settings, checkpoint=opened, run=run, passed=passed, by=by, gate=gate
        )
        return self.status(opened.digest)

    def status(self, digest: str) -> PromotionStatus:
        """Where a checkpoint stands."""
        objections = next((record.objections for record in self._registry.checkpoints() if record.digest == digest), ())
        released = self._stack()[-1:] == [digest]
        found = self._evidence(digest)
        required = passes_required(self._required, found.judged)
        return PromotionStatus(digest, found.passes, required, released, objections, found.judged)

    def candidates(self) -> list[PromotionStatus]:
        """Every checkpoint that may be promoted and is not the release, newest first."""
        found = [self.status(record.digest) for record in self._registry.checkpoints()]
        return [status for status in found if status.candidate and not status.released]

    def promote(
        self, checkpoint: str | Path, *, reason: str = "", by: str | None = None, force: bool = False
    ) -> PromotionRecord:
        """Promote a candidate to be the release.

        Args:
            checkpoint: its folder; its digests are verified.
            reason: in words.
            by: whose decision it is; the person at the keyboard by default.
            force: promote it although it is not a candidate; the decision says so, and needs a reason.

        Raises:
            RegistryError: it is not a candidate, or is the release already, or is forced without a reason; or its
                run demands scenarios or strangers and this manager was not told who checks them.
            TownletError: as ``demands`` raises.
        """
        if force and not reason.strip():
            raise RegistryError(
                "forcing a checkpoint past the gate needs a reason",
                where=str(checkpoint),
                details=("give it, to be recorded with the decision:  --force --reason TEXT",),
            )
        opened = read_checkpoint(checkpoint)
        if not force:
            self._refuse(self.status(opened.digest), opened.path, force=False)
            self._check_demands(Path(checkpoint))  # outside of the transaction: it may play for hours
        with self._registry.database.writing():
            self._registry.insert_checkpoint(opened)
            status = self.status(opened.digest)
            self._refuse(status, opened.path, force=force)
            note = reason if status.candidate else f"forced: {reason}"
            number = self._decide("promote", opened.digest, status.passes, note, by)
        return self._decision(number)

    def _refuse(self, status: PromotionStatus, path: Path, *, force: bool) -> None:
        if status.released:
            raise RegistryError("this checkpoint is already the release", where=str(path))
        if not status.candidate and not force:
            raise _no_candidate(status, path)

    def _check_demands(self, checkpoint: Path) -> None:
        if self._demands is not None:
            self._demands(checkpoint)
        elif left := demanded(checkpoint):
            raise RegistryError(
                f"its run demands more of a release than passed evaluations: {', '.join(left)}",
                where=str(checkpoint),
                details=(
                    f"let them be played:  townlet promote {checkpoint}",
                    "from Python:  townlet.arena.promoting.promote_checkpoint(CHECKPOINT)",
                ),
            )

    def hold(self, checkpoint: str | Path, *, reason: str = "", by: str | None = None) -> PromotionRecord:
        """Keep a checkpoint from being promoted until it passes anew. A release stays one."""
        opened = read_checkpoint(checkpoint)
        with self._registry.database.writing():
            self._registry.insert_checkpoint(opened)
            number = self._decide("hold", opened.digest, self._evidence(opened.digest).passes, reason, by)
        return self._decision(number)

    def rollback(self, *, reason: str = "", by: str | None = None) -> PromotionRecord:
        """Make the release before the present one the release again; its digests are verified first.

        Raises:
            RegistryError: there is none before.
            CheckpointError: it is missing or damaged.
        """
        with self._registry.database.writing():
            stack = self._stack()
            if len(stack) < 2:
                raise RegistryError(
                    "there is no release to go back to" if stack else "there is no release",
                    where=str(self._registry.folder),
                )
            self._verified(stack[-2])
            number = self._decide("rollback", stack[-2], self._evidence(stack[-2]).passes, reason, by)
        return self._decision(number)

    def release(self) -> PromotionRecord | None:
        """The decision by which the present release became one; None without a release."""
        made = [decision for decision in self.history() if decision.action != "hold"]
        return made[0] if made else None

    def history(self) -> list[PromotionRecord]:
        """Every decision, newest first."""
        rows = self._registry.database.rows(
            "SELECT p.*, c.path AS path FROM promotions p JOIN checkpoints c ON c.digest = p.checkpoint"
            " ORDER BY p.id DESC"
        )
        file = self._registry.database.path
        found = [record_of(PromotionRecord, row, table="promotions", file=file, written=("metrics",)) for row in rows]
        return [replace(record, path=str(self._registry.real_path(record.path))) for record in found]

    def resolve_release(self) -> Path:
        """Folder of the release, its digests verified just now.

        Raises:
            RegistryError: there is no release.
            CheckpointError: it is missing, damaged, or another checkpoint lies in its place.
        """
        decision = self.release()
        if decision is None:
            raise RegistryError(
                "no checkpoint has been promoted yet, so there is no release",
                where=str(self._registry.folder),
                details=("evaluate a checkpoint, then: townlet promote CHECKPOINT",),
            )
        return self._verified(decision.checkpoint).path

    def _verified(self, digest: str) -> Checkpoint:
        path = self._registry.real_path(self._registry.checkpoint(digest).path)
        opened = read_checkpoint(path)
        if opened.digest != digest:
            raise CheckpointError(
                "the checkpoint of the release has changed",
                where=str(path),
                details=(f"released {digest[:12]}, found {opened.digest[:12]}",),
            )
        return opened

    def _decision(self, number: int) -> PromotionRecord:
        return next(decision for decision in self.history() if decision.id == number)

    def _decide(self, action: PromotionAction, digest: str, passes: int, reason: str, by: str | None) -> int:
        evaluations = self._registry.evaluations(checkpoint=digest)
        judged = next((one for one in evaluations if one.passed is not None), None)
        metrics = self._registry.checkpoint(digest).metrics if judged is None else judged.metrics
        previous = self._stack()[-1:]
        return self._registry.database.write(
            "INSERT INTO promotions (at, action, checkpoint, previous, after_evaluation, passes, metrics, reason, by)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                timestamp(),
                action,
                digest,
                previous[0] if previous else None,
                evaluations[0].id if evaluations else 0,
                passes,
                json_text(metrics),
                reason,
                by or somebody(),
            ),
        )

    def _stack(self) -> list[str]:
        stack: list[str] = []
        for row in self._registry.database.rows("SELECT action, checkpoint FROM promotions ORDER BY id"):
            if row["action"] == "promote":
                stack.append(row["checkpoint"])
            elif row["action"] == "rollback" and stack:
                stack.pop()
        return stack

    def _evidence(self, digest: str) -> Evidence:
        held = self._registry.database.rows(
            "SELECT max(after_evaluation) FROM promotions WHERE checkpoint = ? AND action = 'hold'", (digest,)
        )[0][0]
        return evidence(self._registry.evaluations(checkpoint=digest), held=held if isinstance(held, int) else None)


def _no_candidate(status: PromotionStatus, path: Path) -> RegistryError:
    forced = f'promote it anyway:  townlet promote {path} --force --reason "WHY"'
    if status.objections:
        return RegistryError(
            "this is not a candidate: its training raised objections",
            where=str(path),
            details=(*status.objections, forced),
        )
    often = f"it was judged {status.judged} times, each a chance to pass by luck: it takes {status.required} in a row"
    further = f"compare it with its teacher on further towns:  townlet promote {path} --evaluate"
    return RegistryError(
        f"this is not a candidate: {status.passes} of {status.required} evaluations passed in a row",
        where=str(path),
        details=(*([often] if status.judged > status.required else []), further, forced),
    )


def resolve_release(runs: str | Path) -> Path:
    """Folder of the checkpoint that is the release of a runs folder, verified.

    Raises:
        RegistryError: there is no registry or no release.
        CheckpointError: it is missing or damaged.
    """
    with Registry(runs, create=False) as registry:
        return PromotionManager(registry).resolve_release()
