"""The hooks of the backend."""

from __future__ import annotations

from townlet.api import PolicyRequest, SlowMind
from townlet.errors import ConfigError
from townlet.plugins import hookimpl
from townlet_backend_llm.options import LLMOptions

__all__ = ["townlet_backend_options", "townlet_create_policy"]


@hookimpl
def townlet_backend_options() -> type[LLMOptions]:
    """The model of ``policy.options``."""
    return LLMOptions


@hookimpl
def townlet_create_policy(request: PolicyRequest) -> SlowMind:
    """A mind behind the endpoint of the options."""
    from townlet_backend_llm.mind import LLMMind  # brings httpx and jinja2, which reading options must not need

    if not isinstance(request.options, LLMOptions):
        raise ConfigError("the backend llm needs policy.options.endpoint and policy.options.model")
    return LLMMind(request.spec, request.options)
