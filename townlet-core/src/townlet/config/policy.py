"""Whose mind the agents have: the section ``policy``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from townlet.config.model import Section

__all__ = ["OnMissing", "PolicyConfig"]

OnMissing = Literal["stub", "error"]
"""What happens where the chosen backend cannot run: go on with everybody waiting, or stop."""


class PolicyConfig(Section):
    """The policy backend, by name, and its options."""

    backend: str = Field(
        "scripted",
        min_length=1,
        max_length=200,
        description="Name of the policy backend; `townlet backends list` shows what is installed.",
    )
    on_missing: OnMissing = Field(
        "stub",
        description="Where the backend cannot run: stub goes on with everybody waiting and says so everywhere, "
        "error stops with exit code 3.",
    )
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="Options of the backend, checked by its own model; `townlet backends info NAME` lists them.",
    )

    @field_validator("backend")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if value != value.strip() or not value.isprintable():
            raise ValueError("must be a name without spaces around it")
        return value
