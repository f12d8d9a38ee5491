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

__all__ = ["AnchorFile", "Anchors"]


class AnchorFile(BaseModel):
    """The layout of a file of anchors, ``SUITE.anchors.json`` beside the suite."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = Field(1, description="Version of this layout.")
    suite: str = Field(description="Name of the suite.")
    suite_digest: str = Field(description="Digest of the suite that they were measured on.")
    how: str = Field(description="How they were found.")
    anchors: dict[str, Anchor] = Field(description="Scenario to the ends of its scale.")


@dataclass(frozen=True, slots=True)
class Anchors:
    """The anchors of a suite, as far as there are any.

    Attributes:
        anchors: scenario to its anchor.
        warnings: why there are none, where there are none.
    """

    anchors: Mapping[str, Anchor] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, suite: Suite) -> Self:
        """Those that are kept with the suite; none where the suite was changed after they were measured.

        Raises:
            ConfigError: if the file cannot be read.
        """
        file = files("townlet.arena").joinpath("data", f"{suite.name}.anchors.json")
        if not file.is_file():
            return cls(warnings=(f"suite {suite.name!r} has no anchors: returns are not on a common scale",))
        try:
            found = AnchorFile.model_validate_json(file.read_text(encoding="utf-8"))
        except ValidationError as error:
            raise ConfigError(f"the anchors of suite {suite.name!r} cannot be read: {error}") from error
        if found.suite_digest != suite.digest:
            return cls(
                warnings=(
                    f"suite {suite.name!r} was changed after its anchors were measured: returns are not on a common "
                    f"scale (digest {suite.digest[:12]}, measured on {found.suite_digest[:12]})",
                )
            )
        return cls(found.anchors)

    def of_scenario(self, name: str) -> Anchor | None:
        """The anchor of a scenario, or None."""
        return self.anchors.get(name)
