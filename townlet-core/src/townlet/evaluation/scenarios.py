"""Named situations: a small change of the town, and what to expect of a sensible mind in it.

A scenario is a YAML file in ``townlet/evaluation/data``: ``title``, ``story``, ``days``, ``seeds``, ``config`` (laid
over the config at hand) and ``expect`` (bounds on key figures, each with its reason).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from townlet.config import Override
from townlet.config.checking import checked
from townlet.config.yaml_tree import parse_yaml
from townlet.errors import UsageError
from townlet.evaluation.results import EvaluationResult
from townlet.suggestions import nearest

__all__ = ["Expectation", "Scenario", "ScenarioScore", "Scorecard", "load_scenario", "scenario_names", "score"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expectation(_Frozen):
    """A bound on a key figure's mean over seeds."""

    figure: str = Field(description="Name of the key figure.")
    at_least: float | None = Field(None, description="Lower bound, included.")
    at_most: float | None = Field(None, description="Upper bound, included.")
    why: str = Field(description="Why a sensible mind meets it.")

    def holds(self, value: float) -> bool:
        """Whether ``value`` is within the bounds."""
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)

    def words(self) -> str:
        """The bounds in words."""
        parts = [f"at least {self.at_least:g}"] if self.at_least is not None else []
        parts += [f"at most {self.at_most:g}"] if self.at_most is not None else []
        return " and ".join(parts)


class Scenario(_Frozen):
    """A named situation."""

    name: str = Field(description="Name, as given to --scenario.")
    title: str = Field(description="What a person reads.")
    story: str = Field(description="What happens.")
    days: float = Field(gt=0, description="Length of a town's life, days.")
    seeds: int = Field(ge=1, description="Towns.")
    config: dict[str, Any] = Field(default_factory=dict, description="Values laid over the config.")
    expect: tuple[Expectation, ...] = Field(min_length=1, description="What to expect of a sensible mind.")

    def overrides(self) -> list[Override]:
        """The values of ``config`` as overrides of a config, one a leaf."""
        return [Override(key, value, f"scenario {self.name}") for key, value in _leaves(self.config)]


class ScenarioScore(_Frozen):
    """How a policy did in one scenario."""

    scenario: str = Field(description="Name of the scenario.")
    title: str = Field(description="What a person reads.")
    met: tuple[bool, ...] = Field(description="Whether each expectation was met, in the scenario's order.")
    expectations: tuple[Expectation, ...] = Field(description="The scenario's expectations.")
    found: tuple[float, ...] = Field(description="The figure of each expectation, mean over seeds.")
    evaluation: EvaluationResult = Field(description="Everything that was measured.")

    @property
    def passed(self) -> bool:
        """Whether every expectation was met."""
        return all(self.met)


class Scorecard(_Frozen):
    """How a policy did in several scenarios."""

    schema_version: int = Field(1, description="Version of this result's layout.")
    policy: str = Field(description="The policy as it was named.")
    scores: tuple[ScenarioScore, ...] = Field(description="One for each scenario.")
    passed: int = Field(ge=0, description="Scenarios in which every expectation was met.")

    @classmethod
    def of(cls, policy: str, scores: tuple[ScenarioScore, ...]) -> Scorecard:
        """The card of some scores."""
        return cls(policy=policy, scores=scores, passed=sum(s.passed for s in scores))


def scenario_names() -> tuple[str, ...]:
    """Names of all scenarios, sorted."""
    return tuple(sorted(f.name.removesuffix(".yaml") for f in _folder().iterdir() if f.name.endswith(".yaml")))


def load_scenario(name: str) -> Scenario:
    """The scenario of that name.

    Raises:
        UsageError: if there is none; it suggests the nearest.
    """
    names = scenario_names()
    if name not in names:
        near = nearest(name, names)
        hint = [f"did you mean {near!r}?"] if near else []
        raise UsageError(f"there is no scenario {name!r}", details=(*hint, f"scenarios: {', '.join(names)}, or all"))
    text = _folder().joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    written = parse_yaml(text, label=f"scenario {name}", kind="scenario")
    return checked(Scenario, replace(written, data={"name": name, **written.data}))


def score(scenario: Scenario, evaluation: EvaluationResult) -> ScenarioScore:
    """Check an evaluation played in a scenario against its expectations."""
    found = tuple(evaluation.kpis[e.figure].mean for e in scenario.expect)
    return ScenarioScore(
        scenario=scenario.name,
        title=scenario.title,
        met=tuple(e.holds(value) for e, value in zip(scenario.expect, found, strict=True)),
        expectations=scenario.expect,
        found=found,
        evaluation=evaluation,
    )


def _folder() -> Any:
    return files("townlet.evaluation").joinpath("data")


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
