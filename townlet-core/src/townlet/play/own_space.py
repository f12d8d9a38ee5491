"""Minds in a town of another interface: of goals where actions are primitive, without a map where one is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from townlet.api import ActionSpace, ObservationSpec, TownFacts
from townlet.checkpoints import is_checkpoint, read_checkpoint
from townlet.observations import spec_in_goals, spec_without_map
from townlet.play.mind_spec import MindSpec

__all__ = ["in_own_space", "own_spec", "sees_last_goal", "shown_to"]

_ASK_EVERY = 20
"""Where a checkpoint does not say how often it was asked: what a town's config says without a word."""


def in_own_space(mind: MindSpec, actions: ActionSpace) -> MindSpec:
    """The mind; led by its goals if its checkpoint was taught to choose those and the town's actions are primitive.

    Args:
        mind: a mixture is looked at side by side.
        actions: action space of the town.

    Raises:
        CheckpointError: if the checkpoint is damaged.
    """
    if actions != "primitive":
        return mind
    if mind.teacher is not None and mind.learner is not None:
        return replace(mind, teacher=in_own_space(mind.teacher, actions), learner=in_own_space(mind.learner, actions))
    if mind.checkpoint is None or not is_checkpoint(mind.checkpoint.path):
        return mind
    manifest = read_checkpoint(mind.checkpoint.path, verify=False).manifest
    if manifest.spec().action_space != "goals":
        return mind
    rules = {} if manifest.facts is None else TownFacts.from_json(manifest.facts).rules
    return replace(mind, ask_every=int(rules.get("ask_every", _ASK_EVERY)))


def own_spec(spec: ObservationSpec, checkpoint: Path | None) -> ObservationSpec:
    """What a mind that is led sees in a town of primitive actions, and the goals that it chooses from.

    Args:
        spec: of the town.
        checkpoint: of the mind; says whether it sees the goal that it chose last, as it does by default.
    """
    shown = True
    if checkpoint is not None and is_checkpoint(checkpoint):
        shown = sees_last_goal(read_checkpoint(checkpoint, verify=False).manifest.spec())
    return spec_in_goals(spec, last_goal=shown)


def shown_to(spec: ObservationSpec, checkpoint: Path) -> ObservationSpec:
    """What a mind is shown in a town: all that the town shows, or, if it was taught without a map, all but that.

    Args:
        spec: of the town; returned as it is where the mind is shown all.
        checkpoint: of the mind; one that is not in Townlet's format says nothing of what it was taught on.

    Raises:
        CheckpointError: if the checkpoint is damaged.
    """
    if not spec.channels or not is_checkpoint(checkpoint):
        return spec
    taught = read_checkpoint(checkpoint, verify=False).manifest.spec()
    return spec if taught.channels else spec_without_map(spec)


def sees_last_goal(spec: ObservationSpec) -> bool:
    """Whether the goal that a mind chose last is among what it sees."""
    return any(name.startswith("goal_") for name in spec.feature_names)
