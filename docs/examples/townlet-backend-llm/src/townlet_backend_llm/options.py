"""``policy.options`` of the backend; importable without httpx and jinja2."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["LLMOptions"]


class LLMOptions(BaseModel):
    """Which model, how it is asked, and what is kept of it. How often and with what budget: ``policy.patience``."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())

    endpoint: str = Field(
        description="Base address of an OpenAI-compatible service, such as http://127.0.0.1:8080/v1; requests go to "
        "ENDPOINT/chat/completions.",
    )
    model: str = Field(min_length=1, max_length=500, description="Name of the model, as the service knows it.")
    temperature: float = Field(0.0, ge=0, le=2, description="Of the model's draws.")
    max_tokens: int = Field(400, ge=16, le=100_000, description="Length of an answer, tokens.")
    answers: Literal["schema", "json", "text"] = Field(
        "schema",
        description="How answers are held to the possible actions: schema asks for a JSON schema, json for any JSON "
        "object, text for nothing; what comes back is read with the same care.",
    )
    prompt: Path | None = Field(
        None, description="A Jinja template for the question in place of the one that comes with the backend."
    )
    key_env: str = Field(
        "TOWNLET_LLM_KEY",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Environment variable that holds the key; without it requests carry none. A key is never written.",
    )
    timeout_seconds: float = Field(60.0, gt=0, le=3600, description="For one request.")
    retries: int = Field(4, ge=0, le=20, description="Further requests after 429, 5xx and broken connections.")
    concurrency: int = Field(8, ge=1, le=256, description="Requests under way at a time.")
    cassette: Path | None = Field(None, description="Folder that keeps every answer by the hash of what was asked.")
    cassette_mode: Literal["record", "replay", "replay-or-fail"] = Field(
        "replay",
        description="record asks always and keeps what comes; replay asks only what is not kept; replay-or-fail never "
        "asks, and stops where something is not kept.",
    )
    price_in: float = Field(0.0, ge=0, description="Of a million tokens in, in any currency, for the ledger.")
    price_out: float = Field(0.0, ge=0, description="Of a million tokens out.")

    @field_validator("endpoint")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an address that begins with http:// or https://")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must hold no name, password or query: a key comes from the environment (key_env)")
        return value.rstrip("/")
