"""The ends of each scenario's scale, measured once and kept with the suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from townlet.arena.results import Anchor
from townlet.arena.suites import Suite
from townlet.errors import ConfigError

__all__ = ["AnchorFile", "Anchors", "KeptAnchor"]


class KeptAnchor(Anchor):
    """An anchor with what it was measured on."""

    scenario_digest: str = Field(description="Digest of the scenario that it was measured on.")

    def plain(self) -> Anchor:
        """The anchor without it."""
        return Anchor.model_validate(self.model_dump(exclude={"scenario_digest"}))


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

    anchors: Mapping[str, Anchor] = field(default_factory=dict)
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
                found[scenario.name] = anchor.plain()
            else:
                changed.append(scenario.name)
        if not changed:
            return cls(found)
        several = len(changed) > 1
        names = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
        return cls(
            found,
            (
                f"suite {suite.name!r}: {names} {'were' if several else 'was'} changed after the anchors were measured "
                f"and {'have' if several else 'has'} no score",
            ),
        )

    def of_scenario(self, name: str) -> Anchor | None:
        """The anchor of a scenario, or None."""
        return self.anchors.get(name)
