"""From a question of core to the messages of a request."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from townlet.api import ObservationSpec, Question
from townlet.errors import ConfigError
from townlet_backend_llm.options import LLMOptions

__all__ = ["Prompter"]

_LONGEST_TICKS = 200
_FORMAT = """Answer with one JSON object and nothing else:
{"reasons": "why, in one sentence", "steps": [{"action": "name of an action", "ticks": how many times in a row}], \
"until": [{"feature": "name of a need", "below": level from 0 to 100}]}
The first action must be one of those you can do now. "until" may be empty; it ends the plan early."""


class Prompter:
    """Makes requests out of questions. What stands in them is all that an answer depends on.

    Args:
        spec: actions and features.
        options: of the backend.

    Raises:
        ConfigError: if the template cannot be read or used.
    """

    def __init__(self, spec: ObservationSpec, options: LLMOptions) -> None:
        self._options, self._names = options, spec.action_names
        self.needs = tuple(name.removeprefix("need_") for name in spec.feature_names if name.startswith("need_"))
        """What conditions may look at."""
        text = _template(options.prompt)
        self.digest = hashlib.sha256(f"{_FORMAT}\n{text}".encode()).hexdigest()
        """Of all that a prompt is made from."""
        # A template is a stranger's file: it reaches nothing but the words that it is given.
        environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
        try:
            self._template = environment.from_string(text)
            self._rendered({"words": "", "menu": (), "last": "", "fresh": False, "most_steps": 1})
        except TemplateError as error:
            raise ConfigError(
                f"the prompt cannot be used: {error}",
                where=f"policy.options.prompt: {options.prompt}",
                details=("it is given words, menu, last, fresh and most_steps",),
            ) from error

    def request(self, question: Question, most_steps: int) -> dict[str, Any]:
        """The body of a request for a plan."""
        told = {
            "words": question.words,
            "menu": question.menu,
            "last": question.last,
            "fresh": question.fresh,
            "most_steps": most_steps,
        }
        options = self._options
        body: dict[str, Any] = {
            "model": options.model,
            "messages": [{"role": "system", "content": _FORMAT}, {"role": "user", "content": self._rendered(told)}],
            "temperature": options.temperature,
            "max_tokens": options.max_tokens,
            "seed": question.seed & 0x7FFFFFFF,
        }
        if options.answers == "schema":
            schema = self._schema([self._names[choice] for choice in question.choices], most_steps)
            shape = {"name": "plan", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        elif options.answers == "json":
            body["response_format"] = {"type": "json_object"}
        return body

    def repair(self, body: dict[str, Any], answer: str, fault: str) -> dict[str, Any]:
        """The request that asks once more after an answer that could not be read."""
        messages = [
            *body["messages"],
            {"role": "assistant", "content": answer[:2000]},
            {"role": "user", "content": f"That could not be used: {fault}. {_FORMAT}"},
        ]
        return {**body, "messages": messages}

    def _rendered(self, told: dict[str, Any]) -> str:
        return self._template.render(told)

    def _schema(self, possible: list[str], most_steps: int) -> dict[str, Any]:
        step = _object(
            action={"type": "string", "enum": possible},
            ticks={"type": "integer", "minimum": 1, "maximum": _LONGEST_TICKS},
        )
        until = _object(
            feature={"type": "string", "enum": list(self.needs) or ["none"]},
            below={"type": "number", "minimum": 0, "maximum": 100},
        )
        return _object(
            reasons={"type": "string"},
            steps={"type": "array", "items": step, "minItems": 1, "maxItems": most_steps},
            until={"type": "array", "items": until, "maxItems": 4},
        )


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _template(path: Path | None) -> str:
    if path is None:
        return files("townlet_backend_llm").joinpath("prompt.jinja").read_text(encoding="utf-8")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the prompt cannot be read: {error}", where=f"policy.options.prompt: {path}") from error
