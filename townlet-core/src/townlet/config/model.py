"""The base of every section of a config."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Section"]


class Section(BaseModel):
    """A frozen part of a config: unknown keys are refused, numbers are finite, every field says what it means.

    Each field of a subclass has a default, bounds and a description with its unit; ``config schema`` and the
    reference are made from them.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        protected_namespaces=(),
        validate_default=True,
    )
