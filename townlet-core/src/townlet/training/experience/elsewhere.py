"""Experience of towns that live on an executor's workers: weights go out once an update, rollouts come home."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from townlet.api import RolloutBatch
from townlet.config import TownletConfig
from townlet.config.rewards import SocialStage
from townlet.errors import CheckpointError
from townlet.executors import Executor
from townlet.executors.files import FileContents, read_folder, scratch, write_folder
from townlet.minds.parts import Part
from townlet.play import Admission, Cast, Job, Parcel, Stage, Troupe
from townlet.play.stage import town_spec
from townlet.rollout import side_by_side
from townlet.training.experience.fresh import FreshExperience, Room, group_count, group_seeds
from townlet.training.experience.source import Gathered
from townlet.training.experience.staggered import merged_metrics
from townlet.training.experience.threads import town_threads
from townlet.training.learner.choice import LearnerChoice
from townlet.training.learner.guarded import GuardedLearner

__all__ = ["ExperienceElsewhere", "GroupOfTowns", "GroupSpec", "Harvest", "Weights"]

_ALWAYS = ("map", "features", "action_mask", "episode_start", "actions", "log_probs", "values")
_WORKED_OUT = ("active", "rewards", "terminated", "truncated", "bootstrap")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSpec:
    """A group of towns, as a value that can be sent.

    Attributes:
        config: as JSON.
        cast: who plays, as JSON; one role is the learner.
        parcels: the checkpoints of the others.
        group: which of the config's groups.
    """

    config: str
    cast: str
    parcels: tuple[Parcel, ...]
    group: int


@dataclass(frozen=True, slots=True)
class Weights:
    """The learner as it is now: the files that acting needs, and how often they were sent before."""

    version: int
    files: FileContents


@dataclass(frozen=True, slots=True)
class Harvest:
    """A group's piece of experience.

    Attributes:
        arrays: those of a RolloutBatch; ``asked`` and ``duration`` only where decisions span ticks.
        state: the policy's memory before the first tick, if it is known.
        samples: decisions to learn from.
        metrics: of the towns.
        as_written: as of FreshExperience.
    """

    arrays: Mapping[str, NDArray[Any]]
    state: Mapping[str, NDArray[Any]] | None
    samples: int
    metrics: Mapping[str, float]
    as_written: bool


class GroupOfTowns:
    """A group of towns on a worker, with a learner of its own that takes the driver's weights. It never learns."""

    def __init__(self, spec: GroupSpec) -> None:
        config = TownletConfig.model_validate_json(spec.config)
        cast = Cast.from_json(json.loads(spec.cast))
        rollout, seed, town = config.training.ppo.rollout, config.seed, town_spec(config)
        made = LearnerChoice.of(config, "ppo").open(town)
        self._learner = GuardedLearner(made.learner, made.provenance)
        self._version = -1
        door = Admission(stored={parcel.digest: parcel.write(scratch() / "files") for parcel in spec.parcels})
        taught = Part(self._learner.policy, made.provenance)
        self._troupe = Troupe.open(cast, town, admission=door, seed=seed, learner=taught)
        job = Job(config, cast, group_seeds(rollout, seed, spec.group), rollout.ticks, explore=True)
        self._stage = Stage(job, troupe=self._troupe, threads=town_threads(rollout, len(job.seeds), alone=False))
        self._experience = FreshExperience(self._stage, rollout, seed, group=spec.group, room=Room(spans=town.spans))

    def step(self, common: Weights, own: tuple[float, float | None, SocialStage | None]) -> Harvest:
        """Gather the next piece with these weights."""
        if common.version != self._version:
            with tempfile.TemporaryDirectory(prefix="townlet-") as folder:
                write_folder(Path(folder), common.files)
                self._learner.load_weights(Path(folder))
            self._version = common.version
        gamma, price, stage = own
        if stage is not None:
            self._experience.set_social_stage(stage)
        gathered = self._experience.gather(gamma, price)
        batch = gathered.batch
        names = [*_ALWAYS, *_WORKED_OUT, *(() if batch.every_tick else ("asked", "duration"))]
        arrays = {name: getattr(batch, name) for name in names}
        return Harvest(arrays, batch.state, gathered.samples, gathered.metrics, self._experience.as_written)

    def state(self) -> Mapping[str, bytes]:
        """What a checkpoint keeps of the group."""
        with tempfile.TemporaryDirectory(prefix="townlet-") as folder:
            self._experience.save(Path(folder))
            return {name: content.tobytes() for name, content in read_folder(Path(folder)).items()}

    def restore(self, state: Mapping[str, bytes]) -> None:
        """Go on from there."""
        with tempfile.TemporaryDirectory(prefix="townlet-") as folder:
            write_folder(Path(folder), _arrays(state))
            self._experience.load(Path(folder))

    def close(self) -> None:
        """Close the towns and the minds."""
        self._stage.close()
        self._troupe.close()


class ExperienceElsewhere:
    """The groups of a config's towns, each living on a worker. What it gives is what the same groups give here.

    Args:
        executor: where they live.
        learner: whose experience it is.
        config: the town and how it is taught.
        cast: who plays.
    """

    def __init__(self, executor: Executor, learner: GuardedLearner, config: TownletConfig, cast: Cast) -> None:
        self._learner = learner
        self._social: SocialStage | None = None
        self._version = 0
        rollout = config.training.ppo.rollout
        job = Job(config, cast, (config.seed,), rollout.ticks, explore=True)
        parcels = tuple(stored.read() for stored in job.stored)
        written, roles = job.config.model_dump_json(), json.dumps(cast.to_json())
        specs = [
            GroupSpec(config=written, cast=roles, parcels=parcels, group=group) for group in range(group_count(rollout))
        ]
        self._groups = len(specs)
        self._stages = executor.stages(GroupOfTowns, specs)

    def gather(self, gamma: float, price: float | None = None) -> Gathered:
        """A piece of each group, joined along the rows in the order of the groups."""
        own = [(gamma, price, self._social)] * self._groups
        harvests: list[Harvest] = self._stages.step(self._weights(), own)
        if len(harvests) == 1:
            (only,) = harvests
            arrays: dict[str, Any] = {**only.arrays, "state": only.state}
            return Gathered(RolloutBatch(**arrays), only.samples, only.metrics)
        samples = [harvest.samples for harvest in harvests]
        metrics = merged_metrics(samples, [harvest.metrics for harvest in harvests])
        return Gathered(_joined(harvests), sum(samples), metrics)

    def set_social_stage(self, stage: SocialStage) -> None:
        """Reward by this stage from the next piece on."""
        self._social = stage

    def save(self, folder: Path) -> None:
        """As the groups would be saved here: such a checkpoint can be resumed anywhere."""
        for state, part in zip(self._stages.states(), self._parts(folder), strict=True):
            part.mkdir(exist_ok=True)
            write_folder(part, _arrays(state))

    def load(self, folder: Path) -> None:
        """Go on from what :meth:`save` wrote."""
        parts = self._parts(folder)
        more = (folder / f"group-{len(parts):02d}").exists()
        if more or not all((part / "experience.json").exists() for part in parts):
            raise CheckpointError(
                f"the checkpoint does not hold the {self._groups} groups of towns that the config asks for",
                where=str(folder),
            )
        self._stages.restore(
            [{name: content.tobytes() for name, content in read_folder(part).items()} for part in parts]
        )

    def _parts(self, folder: Path) -> list[Path]:
        if self._groups == 1:
            return [folder]
        return [folder / f"group-{number:02d}" for number in range(self._groups)]

    def _weights(self) -> Weights:
        self._version += 1
        with tempfile.TemporaryDirectory(prefix="townlet-") as folder:
            self._learner.save_weights(Path(folder))
            return Weights(self._version, read_folder(Path(folder)))


def _joined(harvests: Sequence[Harvest]) -> RolloutBatch:
    names = [*_ALWAYS, *_WORKED_OUT]
    joined: dict[str, Any]
    if "asked" in harvests[0].arrays:  # decisions alone, and not as many in each group
        names += ["asked", "duration"]
        joined = side_by_side([{name: each.arrays[name] for name in names} for each in harvests])
    else:
        if not all(harvest.as_written for harvest in harvests):
            names += ["asked", "duration"]
        joined = {name: np.concatenate([_array(each, name) for each in harvests], axis=1) for name in names}
    states = [harvest.state for harvest in harvests if harvest.state is not None]
    if len(states) < len(harvests):
        return RolloutBatch(**joined)
    state = {name: np.concatenate([each[name] for each in states]) for name in states[0]}
    return RolloutBatch(**joined, state=state)


def _array(harvest: Harvest, name: str) -> NDArray[Any]:
    if name in harvest.arrays:
        return harvest.arrays[name]
    active = harvest.arrays["active"]
    return active if name == "asked" else np.ones(active.shape, np.int32)


def _arrays(files: Mapping[str, bytes]) -> FileContents:
    return {name: np.frombuffer(content, np.uint8) for name, content in files.items()}
