"""The ends of each scenario's scale, measured once and kept with the suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from townlet.arena.results import Anchor
from townlet.arena.suites import Suite
from townlet.errors import ConfigError
from townlet.play import Outcome

__all__ = ["AnchorFile", "Anchors", "KeptAnchor", "people_of"]

_NAMED = 3
"""Scenarios that a warning names; the others are counted."""


class KeptAnchor(Anchor):
    """An anchor with what it was measured on."""

    scenario_digest: str = Field(description="Digest of the scenario that it was measured on.")
    people: dict[str, str | None] = Field(
        description="Who lived there: mind of the background to its fingerprint, which other rules of it change."
    )

    def plain(self) -> Anchor:
        """The anchor without it."""
        return Anchor.model_validate(self.model_dump(exclude={"scenario_digest", "people"}))


def people_of(outcome: Outcome) -> dict[str, str | None]:
    """Who lived in towns that were played without a mind under test: mind to fingerprint."""
    told = outcome.provenance
    return {mind.requested: mind.fingerprint for mind in told.minds or (told,)}


class AnchorFile(BaseModel):
    """The layout of a file of anchors, ``SUITE.anchors.json`` beside the suite."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = Field(1, description="Version of this layout.")
    suite: str = Field(description="Name of the suite.")
    how: str = Field(description="How they were found.")
    anchors: dict[str, KeptAnchor] = Field(description="Scenario to the ends of its scale.")


@dataclass(frozen=True, slots=True)
class Anchors:
    """The anchors of a suite, as far as there are any.

    Attributes:
        anchors: scenario to its anchor.
        warnings: which scenarios have none, and why.
    """

    anchors: Mapping[str, KeptAnchor] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, suite: Suite) -> Self:
        """Those that are kept with the suite, but for scenarios that were changed after they were measured.

        Raises:
            ConfigError: if the file cannot be read.
        """
        file = files("townlet.arena").joinpath("data", f"{suite.name}.anchors.json")
        if not file.is_file():
            return cls(warnings=(f"suite {suite.name!r} has no anchors: returns are not on a common scale",))
        try:
            kept = AnchorFile.model_validate_json(file.read_text(encoding="utf-8")).anchors
        except ValidationError as error:
            raise ConfigError(f"the anchors of suite {suite.name!r} cannot be read: {error}") from error
        found, changed = {}, []
        for scenario in suite.scenarios:
            anchor = kept.get(scenario.name)
            if anchor is not None and anchor.scenario_digest == suite.digest_of(scenario):
                found[scenario.name] = anchor
            else:
                changed.append(scenario.name)
        if not changed:
            return cls(found)
        words = ("were", "have") if len(changed) > 1 else ("was", "has")
        return cls(
            found,
            (
                f"suite {suite.name!r}: {_listed(changed)} {words[0]} changed after the anchors were measured and "
                f"{words[1]} no score",
            ),
        )

    def of_scenario(self, name: str) -> Anchor | None:
        """The anchor of a scenario, or None."""
        kept = self.anchors.get(name)
        return None if kept is None else kept.plain()

    def strangers(self, played: Mapping[str, Outcome]) -> tuple[str, ...]:
        """What to know where people act otherwise now than when the anchors were measured.

        Args:
            played: by scenario, its towns without a mind under test.
        """
        changed = [
            name
            for name, outcome in played.items()
            if name in self.anchors and self.anchors[name].people != people_of(outcome)
        ]
        if not changed:
            return ()
        return (
            f"the people of {_listed(changed)} act otherwise than when the anchors were measured, so the scale of the "
            "scores is not quite right",
        )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
