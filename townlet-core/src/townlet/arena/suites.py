"""``Suite``: scenarios as data, with a hash of all they depend on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from townlet.arena.interface import Interface
from townlet.config import Override, TownletConfig, load_document
from townlet.config.checking import checked
from townlet.config.yaml_tree import parse_yaml
from townlet.errors import ConfigError, UsageError
from townlet.play import Role
from townlet.play.casting import stored_checkpoint
from townlet.play.mind_spec import MindSpec
from townlet.storage import canonical_digest, read_given
from townlet.suggestions import nearest

__all__ = ["Axis", "MatchScenario", "Suite", "load_suite", "suite_names"]

Axis = Literal["minds", "maps", "rules"]

_MOST_BYTES = 1 << 20


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Archetype(_Frozen):
    """A mind of the background."""

    backend: str = Field("scripted", min_length=1, description="Its backend.")
    options: dict[str, Any] = Field(default_factory=dict, description="The backend's options.")
    checkpoint: str | None = Field(
        None, description="Folder of its checkpoint; a relative path starts at the suite's file."
    )

    @classmethod
    def of(cls, mind: MindSpec) -> Self:
        """The archetype that plays as ``mind``. Raises UsageError for a mixture."""
        (first, *others) = mind.singles()
        if others:
            raise UsageError(f"{mind.requested!r} is a mixture, which cannot play a background")
        checkpoint = None if first.checkpoint is None else str(first.checkpoint.path)
        return cls(backend=first.backend, options=dict(first.options or {}), checkpoint=checkpoint)

    def mind(self, name: str) -> MindSpec:
        """The mind, called ``name``. Raises CheckpointError if its checkpoint cannot be read."""
        stored = None if self.checkpoint is None else stored_checkpoint(Path(self.checkpoint), self.backend)
        return MindSpec(requested=name, backend=self.backend, options=self.options, checkpoint=stored)

    def identity(self) -> dict[str, Any]:
        """What it is, JSON-ready: of a checkpoint the digest, wherever it lies."""
        stored = self.mind("").checkpoint
        return {
            "backend": self.backend,
            "options": self.options,
            **({} if stored is None else {"checkpoint": stored.digest}),
        }


class MatchScenario(_Frozen):
    """One situation: a town, some strangers who live in it, and the places that are left for the mind under test."""

    name: str = Field(pattern=r"[a-z][a-z0-9-]*", description="Name, unique in its suite.")
    title: str = Field(min_length=1, description="What a person reads.")
    axes: tuple[Axis, ...] = Field((), description="What differs from the default town: minds, maps, rules.")
    config: dict[str, Any] = Field(default_factory=dict, description="Values laid over the default config.")
    focal: str = Field(description="Whom the mind under test plays: a share such as 12.5%, or names.")
    background: dict[str, float] = Field(
        min_length=1, description="Who plays the others: archetype to its share of them; the shares sum to 1."
    )
    role: Literal["resident", "visitor", "newcomer"] = Field(
        description="Whether the mind under test is the majority, a minority, or moves in after the town has begun."
    )
    days: tuple[float, float] = Field((2.0, 4.0), description="Interval that the length is drawn from, days.")

    @model_validator(mode="after")
    def _it_adds_up(self) -> Self:
        try:
            Role(self.focal, MindSpec.of_learner())
        except UsageError as error:
            raise ValueError(f"focal: {error.summary}") from error
        if abs(sum(self.background.values()) - 1.0) > 1e-9 or min(self.background.values()) <= 0:
            raise ValueError(f"the shares of the background must be above 0 and sum to 1, found {self.background}")
        if not 0 < self.days[0] <= self.days[1]:
            raise ValueError(f"the length is drawn from [least, most], found {list(self.days)}")
        return self

    def laid_over(self, interface: Interface | None = None) -> TownletConfig:
        """The config of its towns; ``interface`` is that of the others. Raises ConfigError for an impossible value."""
        where = f"scenario {self.name}"
        values = [Override(key, value, where) for key, value in _leaves(self.config)]
        under = [] if interface is None else interface.overrides(where)
        return load_document(None, [*under, *values]).config


class Suite(_Frozen):
    """Scenarios that are always played together.

    A length is drawn once for each scenario, from its own digest: it is the same for every mind, and no mind can count
    down to it.
    """

    name: str = Field(pattern=r"[a-z][a-z0-9-]*", description="Name.")
    title: str = Field(min_length=1, description="What a person reads.")
    held_out: bool = Field(False, description="Whether its maps, seeds and rules are kept from training.")
    first_seed: int = Field(ge=0, lt=2**62, description="Seed of the first town of the first scenario.")
    seeds: int = Field(8, ge=1, le=1000, description="Towns of each scenario.")
    minds: dict[str, Archetype] = Field(min_length=1, description="Archetypes of the background by name.")
    scenarios: tuple[MatchScenario, ...] = Field(min_length=1, description="The scenarios.")
    interface: Interface = Field(
        default_factory=Interface, description="What everybody decides and sees, where a scenario does not say it."
    )

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for scenario in self.scenarios:
            if unknown := sorted(set(scenario.background) - set(self.minds)):
                raise ValueError(f"scenario {scenario.name!r}: no archetype is called {unknown[0]!r}")
        twice = [name for name, count in Counter(s.name for s in self.scenarios).items() if count > 1]
        if twice:
            raise ValueError(f"two scenarios are called {twice[0]!r}")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the suite and of the maps and manifests that it names."""
        files = {scenario.name: _map_digest(scenario) for scenario in self.scenarios}
        minds = {name: archetype.identity() for name, archetype in self.minds.items()}
        suite = {**self.model_dump(mode="json", exclude={"interface"}), "minds": minds}
        if not self.interface.plain:
            suite["interface"] = self.interface.settings()
        return canonical_digest({"suite": suite, "files": dict(sorted(files.items()))})

    def scenario(self, name: str) -> MatchScenario:
        """The scenario of that name. Raises UsageError with the nearest."""
        for one in self.scenarios:
            if one.name == name:
                return one
        names = [one.name for one in self.scenarios]
        near = nearest(name, names)
        hint = [f"did you mean {near!r}?"] if near else []
        raise UsageError(
            f"suite {self.name!r} has no scenario {name!r}", details=(*hint, f"scenarios: {', '.join(names)}")
        )

    def seeds_of(self, scenario: MatchScenario) -> tuple[int, ...]:
        """The seeds of its towns; no two scenarios share one."""
        first = self.first_seed + self.scenarios.index(scenario) * self.seeds
        return tuple(range(first, first + self.seeds))

    def ticks_of(self, scenario: MatchScenario, day_ticks: int) -> int:
        """The length of its towns, ticks: drawn from its interval."""
        digest = canonical_digest({"suite": self.name, "scenario": scenario.model_dump(mode="json")})
        drawn = int(digest[:12], 16) / 16**12
        least, most = scenario.days
        return max(1, round((least + (most - least) * drawn) * day_ticks))

    def among(self, minds: Sequence[MindSpec]) -> Self:
        """The same suite with other people: these, in equal shares, instead of every archetype.

        Raises:
            UsageError: for a mixture, or for two minds of one name.
        """
        found = {mind.requested: Archetype.of(mind) for mind in minds}
        if len(found) < len(minds) or not minds:
            raise UsageError("a background needs one mind or more, each once")
        shares = dict.fromkeys(found, 1.0 / len(found))
        scenarios = tuple(one.model_copy(update={"background": shares}) for one in self.scenarios)
        return self.model_copy(update={"minds": found, "scenarios": scenarios})

    def lived_by(self, interface: Interface) -> Self:
        """The same suite where everybody decides and sees by ``interface``; its own where that is the default one."""
        return self if interface.plain else self.model_copy(update={"interface": interface})

    def digest_of(self, scenario: MatchScenario) -> str:
        """SHA-256 (hex) of all that a return in a scenario depends on, apart from the mind under test."""
        from townlet.observations import town_facts

        config = scenario.laid_over()
        return canonical_digest(
            {
                "town": town_facts(config.town).digest(),
                "rewards": config.rewards.model_dump(mode="json"),
                "focal": scenario.focal,
                "background": {
                    name: [share, self.minds[name].identity()] for name, share in scenario.background.items()
                },
                "seeds": list(self.seeds_of(scenario)),
                "ticks": self.ticks_of(scenario, config.town.time.day_ticks),
            }
        )


def _map_digest(scenario: MatchScenario) -> str:
    from townlet.observations import town_facts

    return town_facts(scenario.laid_over().town).map_digest


def suite_names() -> tuple[str, ...]:
    """Names of the suites that are shipped, sorted."""
    found = (file.name for file in files("townlet.arena").joinpath("data").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml")))


def load_suite(name: str | Path) -> Suite:
    """A suite that is shipped, by its name, or one of your own, by its file.

    Raises:
        UsageError: if there is none of that name.
        ConfigError: if the file cannot be read or is not a suite; with line, rule and what was found.
    """
    names = suite_names()
    folder = Path(name).parent
    if str(name) in names:
        text = files("townlet.arena").joinpath("data", f"{name}.yaml").read_text(encoding="utf-8")
        label, folder = f"suite {name}", Path(__file__).parent / "data"
    elif Path(name).suffix in (".yaml", ".yml"):
        text, label = _text_of(Path(name)), str(name)
    else:
        near = nearest(str(name), names)
        hint = [f"did you mean {near!r}?"] if near else []
        more = f"suites: {', '.join(names)}; or the path of a YAML file"
        raise UsageError(f"there is no suite {str(name)!r}", details=(*hint, more))
    written = parse_yaml(text, label=label, kind="suite")
    suite = checked(Suite, replace(written, data=dict(written.data)))
    minds = {
        each: archetype.model_copy(update={"checkpoint": str(folder / archetype.checkpoint)})
        for each, archetype in suite.minds.items()
        if archetype.checkpoint is not None
    }
    return suite.model_copy(update={"minds": {**suite.minds, **minds}})


def _text_of(path: Path) -> str:
    try:
        data = read_given(path, _MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ConfigError(f"a suite has at most {_MOST_BYTES} bytes", where=str(path))
        return data.decode("utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(f"the suite cannot be read: {error}", where=str(path)) from error


def _leaves(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in values.items():
        found += _leaves(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", value)]
    return found
