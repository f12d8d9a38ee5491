"""The options of a backend: checked by the backend's own model, reported as keys of the config."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from townlet.errors import ConfigError
from townlet.suggestions import nearest

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["KEY", "SectionPath", "Where", "build_options", "place", "policy_section"]

KEY = "policy.options"

SectionPath = Callable[[str], str]
"""From the name of an option to the section of the config that it was written in."""

Where = str | Callable[[str], str | None] | None
"""Where the config came from: the place of ``policy.backend`` as text, or a function from key to place."""


def policy_section(option: str) -> str:
    """``policy.options``, whatever the option."""
    del option
    return KEY


def place(where: Where, key: str) -> str | None:
    """The place of a key, such as ``"town.yaml:12, policy.backend"``; None if it is not known."""
    if where is None or isinstance(where, str):
        return where
    return where(key)


def build_options(
    backend: str,
    model: type[BaseModel] | None,
    options: Mapping[str, object],
    where: Where,
    section: SectionPath = policy_section,
) -> BaseModel | None:
    """The validated options, or None where the backend takes none.

    Raises:
        ConfigError: naming each wrong key as ``<section>.<field>``, with a suggestion for unknown ones.
    """
    if model is None:
        if options:
            raise ConfigError(
                f"policy backend {backend!r} takes no options",
                where=_option_place(where, section(next(iter(map(str, options))))),
                details=(f"found: {', '.join(sorted(map(str, options)))}",),
            )
        return None
    unknown = [str(key) for key in options if not _is_field(model, str(key))]
    if unknown and model.model_config.get("extra") != "allow":
        raise _unknown_error(backend, model, unknown, where, section)
    from pydantic import ValidationError

    try:
        return model.model_validate(dict(options))
    except ValidationError as error:
        raise _relocated(backend, error, where, section) from error


def _is_field(model: type[BaseModel], key: str) -> bool:
    return key in model.model_fields or any(key == field.alias for field in model.model_fields.values())


def _unknown_error(
    backend: str, model: type[BaseModel], unknown: list[str], where: Where, section: SectionPath
) -> ConfigError:
    key = f"{section(unknown[0])}.{unknown[0]}"
    fields = sorted(model.model_fields)
    miss = nearest(unknown[0], fields)
    details = [f"did you mean {miss!r}?"] if miss else []
    details += [f"also unknown: {', '.join(unknown[1:])}"] if unknown[1:] else []
    details.append(f"options of {backend!r}: {', '.join(fields) or 'none'}")
    return ConfigError(
        f"{key} is not an option of policy backend {backend!r}", where=_option_place(where, key), details=details
    )


def _relocated(backend: str, error: Exception, where: Where, section: SectionPath) -> ConfigError:
    from pydantic import ValidationError

    assert isinstance(error, ValidationError)
    faults = []
    found_in = {fault["loc"] for fault in error.errors()}
    for fault in error.errors():
        if any(len(place) > len(fault["loc"]) > 0 and place[: len(fault["loc"])] == fault["loc"] for place in found_in):
            continue  # of a whole whose parts are at fault: it only follows
        path = [*map(str, fault["loc"])]
        faults.append((".".join([section(path[0] if path else ""), *path]), fault["msg"], fault["input"]))
    key, rule, found = faults[0]
    whole = not error.errors()[0]["loc"]  # a rule over several fields
    shown = [] if whole else [f"found: {_short(found)}"]
    more = [f"{other}: {_lower(text)}" for other, text, _ in faults[1:]]
    return ConfigError(
        f"{key}: {_lower(rule)}",
        where=_option_place(where, key),
        details=(*shown, *more, f"see the options with:  townlet backends info {backend}"),
    )


def _option_place(where: Where, key: str) -> str | None:
    """The place of an option; of the place of ``policy.backend`` only the file is kept."""
    if not isinstance(where, str):
        return place(where, key)
    file = where.rpartition(", ")[0].rpartition(":")[0]
    return f"{file}, {key}" if file else key


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
