"""Options of this backend: ``policy.options`` in a config."""

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """Every field has a default, bounds, and a description with its unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden: int = Field(128, ge=1, le=4096, description="Units of each hidden layer.")
    layers: int = Field(2, ge=1, le=8, description="Hidden layers of the policy, and as many of the value.")
