"""Whose mind the agents have: the section ``policy``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from townlet.config.model import Section
from townlet.config.patience import PatienceConfig

__all__ = ["OnMissing", "PolicyConfig", "RoleConfig"]

OnMissing = Literal["stub", "error"]
"""What happens if the chosen backend cannot run: everybody waits, or the command stops."""


def _plain(value: str) -> str:
    if value != value.strip() or not value.isprintable():
        raise ValueError("must be a name without spaces around it")
    return value


class RoleConfig(Section):
    """Some agents of a town, and the mind that plays them."""

    who: str = Field(
        min_length=1,
        max_length=10_000,
        description="Agents by name, separated by commas; a share such as 25% of the agents not named; or * for "
        "everybody else.",
    )
    mind: str = Field(
        min_length=1, max_length=4096, description="The mind, in a form of policy.backend; in training also learner."
    )
    checkpoint: str | None = Field(None, min_length=1, description="As policy.checkpoint, for this mind.")
    options: dict[str, Any] = Field(default_factory=dict, description="Options of this mind's backend.")
    patience: dict[str, Any] = Field(
        default_factory=dict, description="What differs from policy.patience for this mind, if it is a slow one."
    )

    _plain_names = field_validator("who", "mind")(_plain)


class PolicyConfig(Section):
    """The policy backend, by name, its options, and who else plays in the town."""

    backend: str = Field(
        "scripted",
        min_length=1,
        max_length=4096,
        description="Name of the policy backend; `townlet backends list` shows what is installed.",
    )
    on_missing: OnMissing = Field(
        "stub",
        description="What to do if the backend cannot run: stub lets everybody wait and says so everywhere, error "
        "stops with exit code 3.",
    )
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="Options of the backend, checked by its own model; `townlet backends info NAME` lists them.",
    )

    checkpoint: str | None = Field(
        None,
        min_length=1,
        description="Folder of the checkpoint to act from, or release for the promoted one; a relative "
        "path starts at this file's folder. The same as backend: BACKEND:CHECKPOINT.",
    )
    cast: tuple[RoleConfig, ...] = Field(
        (),
        max_length=1000,
        description="Who plays whom, if one mind does not play everybody. The backend above plays the agents that no "
        "role covers.",
    )
    patience: PatienceConfig = Field(
        default_factory=PatienceConfig, description="How slow minds are asked; others do not read it."
    )

    _plain_name = field_validator("backend")(_plain)
