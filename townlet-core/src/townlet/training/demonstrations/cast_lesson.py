"""A lesson: towns in which a teacher plays the learner's roles, among the minds that play the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from townlet.api import PolicyBackendProtocol
from townlet.minds.parts import Part
from townlet.play import Cast, MindSpec, Role, Stage, Troupe
from townlet.training.demonstrations.labels import LabelRecorder, Witness

__all__ = ["CastLesson"]


@dataclass(frozen=True, slots=True)
class CastLesson:
    """Who plays while a teacher is recorded.

    Attributes:
        troupe: the teacher, or who acts in its place, in the learner's roles, and the other minds.
        witnesses: number of each of those roles to the witness of what the teacher chose there.
        beside: whether somebody else acts at times, so that labels and deeds differ.
    """

    troupe: Troupe
    witnesses: Mapping[int, Witness]
    beside: bool

    @classmethod
    def of(
        cls,
        cast: Cast,
        teacher: MindSpec,
        taught_by: Part,
        *,
        open_other: Callable[[Role], Part],
        beside: Callable[[Witness], PolicyBackendProtocol] | None = None,
    ) -> Self:
        """A lesson in a cast of training.

        Args:
            cast: with the learner in some of its roles; see ``Casting.training_cast``.
            teacher: plays all of these.
            taught_by: the teacher, alive.
            open_other: opens the mind of any other role.
            beside: from the teacher of a role to who acts in it; without, the teacher itself.
        """
        roles, parts, witnesses = [], [], {}
        for number, role in enumerate(cast.roles):
            if not role.mind.learns:
                roles.append(role)
                parts.append(open_other(role))
                continue
            witness = witnesses[number] = Witness(taught_by.policy)
            roles.append(replace(role, mind=teacher))
            parts.append(Part(witness if beside is None else beside(witness), taught_by.provenance))
        return cls(Troupe(Cast(tuple(roles)), tuple(parts)), witnesses, beside is not None)

    @property
    def teachers(self) -> tuple[int, ...]:
        """Numbers of the roles whose rows demonstrate; none where the teacher plays everybody."""
        return () if self.troupe.cast.alone else tuple(self.witnesses)

    def label(self, recorder: LabelRecorder, stage: Stage) -> None:
        """Have what is recorded on a stage of this troupe carry the teacher's choices."""
        runtime = stage.runtime
        recorder.labels = [(runtime.rows_of(number), witness) for number, witness in self.witnesses.items()]

    def close(self) -> None:
        """Close the minds beside the teacher, which were opened for this."""
        for number, part in enumerate(self.troupe.parts):
            if number not in self.witnesses:
                part.policy.close()
