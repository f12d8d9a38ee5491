"""One agent at one recorded tick: what it saw by name, what it could do, what it did, and what followed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from townlet.api import ObservationBatch, PolicyBackendProtocol
from townlet.config import stored_config
from townlet.data import Dataset
from townlet.errors import DatasetError, UsageError
from townlet.play import Admission, Casting
from townlet.suggestions import nearest

__all__ = ["Choice", "Inspection", "inspect_tick", "open_mind", "player_of"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Choice(_Frozen):
    """One action at that tick."""

    action: str = Field(description="Name of the action.")
    possible: bool = Field(description="Whether the mask allowed it.")
    probability: float | None = Field(None, description="From the policy when asked again; None if it gave no scores.")
    taken: bool = Field(description="Whether it is the one that was taken.")


class Inspection(_Frozen):
    """What an agent saw and did at one tick of a dataset."""

    schema_version: int = Field(1, description="Version of this result's layout.")
    agent: str = Field(description="Name of the slot.")
    world: int = Field(ge=0, description="Number of the recorded town.")
    tick: int = Field(ge=0, description="Tick to look at.")
    active: bool = Field(description="Whether somebody lived in the slot.")
    episode_start: bool = Field(description="Whether it was the first tick of a life.")
    features: dict[str, float] = Field(description="The observation's features by name.")
    map: dict[str, list[list[int]]] = Field(description="The observation's map channels by name, rows from the north.")
    choices: tuple[Choice, ...] = Field(description="Every action, in the order of the spec.")
    action: str = Field(description="The action taken.")
    log_prob: float | None = Field(description="Its logarithm of probability as recorded, if it was.")
    value: float | None = Field(description="The policy's value: asked again, else as recorded, else None.")
    reward: float = Field(description="The reward that followed.")
    reward_parts: dict[str, float] = Field(description="Its parts.")
    terminated: bool = Field(description="Whether the life ended with this action.")
    changed: dict[str, tuple[float, float]] = Field(
        description="Features that differ at the next tick: before and after, the largest change first."
    )


def inspect_tick(
    dataset: Dataset, *, agent: str, tick: int, world: int = 0, policy: PolicyBackendProtocol | None = None
) -> Inspection:
    """Look at one row of one recorded tick.

    Args:
        dataset: an open dataset with one row per agent slot.
        agent: name of the slot.
        tick: tick of the town, not of the file.
        world: which of the recorded towns.
        policy: asked again for its scores, without memory of what went before; None: only what was recorded.

    Raises:
        UsageError: for an agent, a world or a tick that was not recorded.
        DatasetError: if the dataset is damaged.
    """
    row = _row(dataset, agent, world)
    index = _index(dataset, tick)
    block = dataset.read(index, min(index + 2, dataset.ticks))
    seen = ObservationBatch(
        block.map[0], block.features[0], block.action_mask[0], block.active[0], block.episode_start[0]
    ).take(np.array([row]))
    spec = dataset.spec
    logits, value = _ask(policy, seen)
    probabilities = _probabilities(logits, seen.action_mask[0])
    taken = int(block.actions[0, row])
    recorded = float(block.values[0, row])
    return Inspection(
        agent=agent,
        world=world,
        tick=tick,
        active=bool(seen.active[0]),
        episode_start=bool(seen.episode_start[0]),
        features=dict(zip(spec.feature_names, map(float, seen.features[0]), strict=True)),
        map={name: seen.map[0, c].tolist() for c, name in enumerate(spec.channel_names)},
        choices=tuple(
            Choice(
                action=name,
                possible=bool(seen.action_mask[0, k]),
                probability=None if probabilities is None else float(probabilities[k]),
                taken=k == taken,
            )
            for k, name in enumerate(spec.action_names)
        ),
        action=spec.action_names[taken],
        log_prob=_finite(float(block.log_probs[0, row])),
        value=value if value is not None else _finite(recorded),
        reward=float(block.rewards[0, row]),
        reward_parts={
            name: float(part)
            for name, part in zip(dataset.manifest.reward_parts, block.reward_parts[0, row], strict=True)
        },
        terminated=bool(block.terminated[0, row]),
        changed=_changes(spec.feature_names, block.features[:, row]),
    )


def player_of(dataset: Dataset, agent: str, world: int = 0) -> str:
    """The mind that played an agent of a recording, by name; the whole policy if the recording does not say.

    Raises:
        UsageError: for an agent or a world that was not recorded.
    """
    manifest = dataset.manifest
    minds = manifest.policy.get("minds")
    if not minds or not manifest.players:
        return str(manifest.policy.get("requested", ""))
    slot = _row(dataset, agent, world) % manifest.agents
    seats = manifest.players[world if len(manifest.players) > 1 else 0]
    return str(minds[seats[slot]].get("requested", ""))


def open_mind(dataset: Dataset, name: str) -> PolicyBackendProtocol:
    """The mind of that name, with the options of the recording's config, for the recording's observations.

    Raises:
        TownletError: if it cannot be opened.
    """
    config = stored_config(dataset.manifest.config, where=dataset.path, error=DatasetError)
    mind = Casting.of(config).mind(name)
    return Admission().open(mind, dataset.spec, seed=config.seed).policy


def _row(dataset: Dataset, agent: str, world: int) -> int:
    manifest = dataset.manifest
    names = manifest.agent_names
    if manifest.layout != "worlds" or not names:
        raise UsageError("this dataset does not say which row is which agent", where=str(dataset.path))
    if agent not in names:
        near = nearest(agent, names)
        hint = [f"did you mean {near!r}?"] if near else []
        raise UsageError(f"no agent is called {agent!r}", where=str(dataset.path), details=(*hint, ", ".join(names)))
    if not 0 <= world < manifest.worlds:
        raise UsageError(f"there is no town {world}: towns are 0 to {manifest.worlds - 1}", where=str(dataset.path))
    return world * manifest.agents + names.index(agent)


def _index(dataset: Dataset, tick: int) -> int:
    first = 0
    for segment in dataset.manifest.segments:
        if segment.first_tick <= tick < segment.first_tick + segment.ticks:
            return first + tick - segment.first_tick
        first += segment.ticks
    spans = ", ".join(f"{s.first_tick} to {s.first_tick + s.ticks - 1}" for s in dataset.manifest.segments)
    raise UsageError(f"tick {tick} was not recorded", where=str(dataset.path), details=(f"recorded: {spans}",))


def _ask(policy: PolicyBackendProtocol | None, seen: ObservationBatch) -> tuple[NDArray[Any] | None, float | None]:
    if policy is None:
        return None, None
    decision = policy.decide(seen, policy.initial_state(1, 0))
    value = None if decision.values is None else float(decision.values[0])
    return (None if decision.logits is None else decision.logits[0]), value


def _probabilities(logits: NDArray[Any] | None, mask: NDArray[Any]) -> NDArray[Any] | None:
    if logits is None:
        return None
    scores = np.where(mask, logits.astype(np.float64), -np.inf)
    weights = np.exp(scores - scores.max())
    result: NDArray[Any] = weights / weights.sum()
    return result


def _changes(names: tuple[str, ...], features: NDArray[Any]) -> dict[str, tuple[float, float]]:
    if len(features) < 2:
        return {}
    order = np.argsort(-np.abs(features[1] - features[0]), kind="stable")
    return {names[i]: (float(features[0, i]), float(features[1, i])) for i in order if features[0, i] != features[1, i]}


def _finite(number: float) -> float | None:
    return number if np.isfinite(number) else None
