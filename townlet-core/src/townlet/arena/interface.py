"""``Interface``: what everybody in a suite's towns decides and sees, and which minds that suits."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from townlet.checkpoints import is_checkpoint, read_checkpoint
from townlet.checkpoints.manifest import CheckpointManifest
from townlet.config import Override, TownletConfig
from townlet.config.observation import Variant
from townlet.errors import CheckpointError
from townlet.play import MindSpec
from townlet.play.own_space import in_own_space, own_spec, sees_last_goal, shown_to

__all__ = ["Interface", "refuse_other_interfaces"]

_DEFAULT = TownletConfig()
_KEYS = {
    "actions": "town.actions",
    "ask_every": "town.ask_every",
    "last_goal": "observation.last_goal",
    "variant": "observation.variant",
    "window": "observation.window",
}


class Interface(BaseModel):
    """How the people of a town decide, and what they see: the same for all who live there.

    A suite is made for the default one. In the action space ``goals`` the town's own habits pursue what people choose,
    for the strangers, too, and nobody pushes in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    actions: Literal["primitive", "goals"] = Field("primitive", description="The action space.")
    ask_every: int = Field(
        _DEFAULT.town.ask_every, ge=1, description="Ticks after which a mind is asked for a goal again."
    )
    last_goal: bool = Field(True, description="Whether a mind that chooses goals sees which one it chose last.")
    variant: Variant = Field("hybrid", description="Variant of the observations.")
    window: int = Field(_DEFAULT.observation.window, ge=3, description="Height and width of the map that is seen.")

    @classmethod
    def of(cls, config: TownletConfig) -> Self:
        """That of a config's town."""
        town, seen = config.town, config.observation
        return cls(
            actions=town.actions,
            ask_every=town.ask_every,
            last_goal=seen.last_goal,
            variant=seen.variant,
            window=seen.window,
        )

    @classmethod
    def taught(cls, manifest: CheckpointManifest, *, led: bool = False) -> Self:
        """The one in which the mind of a checkpoint was taught; primitive actions for the town if it is ``led``."""
        spec = manifest.spec()
        rules = {} if manifest.facts is None else manifest.facts["rules"]
        told: dict[str, object] = {"actions": "primitive" if led else spec.action_space, "variant": spec.variant}
        if "ask_every" in rules:
            told["ask_every"] = rules["ask_every"]
        if spec.spans:
            told["last_goal"] = sees_last_goal(spec)
        if spec.map_shape[1]:
            told["window"] = spec.map_shape[1]
        return cls.model_validate(told)

    def settings(self) -> dict[str, str | int | bool]:
        """Where it is not the default: key of a config to its value."""
        found: dict[str, str | int | bool] = {
            _KEYS[name]: value for name, value in self.model_dump(exclude_defaults=True).items()
        }
        if self.actions == "primitive":
            found.pop("town.ask_every", None)  # nobody is asked for a goal
            found.pop("observation.last_goal", None)
        if self.variant == "compact":
            found.pop("observation.window", None)  # nobody sees a map
        return found

    @property
    def plain(self) -> bool:
        """Whether it is the default one, for which suites are made."""
        return not self.settings()

    def overrides(self, where: str) -> list[Override]:
        """The settings as values to be laid over a config; ``where`` is told in errors."""
        return [Override(key, value, where) for key, value in self.settings().items()]

    def words(self) -> str:
        """The settings as options of a command."""
        told = (f"{key}={str(value).lower()}" for key, value in self.settings().items())
        return shlex.join(word for one in told for word in ("--set", one))

    def warnings(self) -> tuple[str, ...]:
        """What to know of scores: the scale was measured in the default action space."""
        if self.actions == "primitive":
            return ()
        return (
            f"everybody here decides in the action space {self.actions!r}, strangers too, and nobody pushes in; the "
            "scale of the scores was measured in 'primitive', where random minds do worse",
        )


def refuse_other_interfaces(minds: Iterable[MindSpec], config: TownletConfig) -> None:
    """Refuse, before anything is played, a mind whose checkpoint was taught to see or to decide otherwise.

    Args:
        minds: who is to play.
        config: of a town of the suite.

    Raises:
        CheckpointError: one was; with how the suite can be played so that it can take part.
    """
    from townlet.observations import build_spec

    spec = build_spec(config)
    for mind in minds:
        for single in mind.singles():
            if single.checkpoint is None or not is_checkpoint(single.checkpoint.path):
                continue
            manifest = read_checkpoint(single.checkpoint.path, verify=False).manifest
            led = in_own_space(single, config.town.actions).led
            seen = own_spec(spec, single.checkpoint.path) if led else spec
            seen = seen if single.slow else shown_to(seen, single.checkpoint.path)
            difference = seen.first_difference(manifest.spec())
            if difference is None:
                continue
            taught = Interface.taught(manifest, led=led)
            other = taught.settings() != Interface.of(config).settings()
            rule = "'here' is the suite, 'there' the checkpoint; a mind acts only on observations that it was taught on"
            raise CheckpointError(
                f"{single.requested!r} cannot act in these towns: {difference}",
                where=str(single.checkpoint.path),
                details=(
                    rule,
                    *([f"let everybody in the suite live by what it knows:  {taught.words()}"] if other else []),
                ),
            )
