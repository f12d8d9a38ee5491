"""Overrides: ``--set policy.backend=stub`` on top of what a file says."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from townlet.config.source import ConfigFault, Data, KeyPath, Place, Source
from townlet.config.yaml_tree import MAX_DEPTH, parse_scalar
from townlet.errors import ConfigError

__all__ = ["Override", "overridden"]


class Override(NamedTuple):
    """A value that an option of its own gave, such as ``--seed 3``.

    Attributes:
        key: ``"policy.backend"``.
        value: the value, of its type already.
        label: how messages call it: ``"--backend torch"``.
    """

    key: str
    value: Data
    label: str


_LONGEST = 120
"""Characters of what was typed that a message repeats."""

_INDEX = re.compile(r"\[([0-9]{1,9})\]")
_KEY = re.compile(r"[^.\[\]]+(?:\[[0-9]{1,9}\])*(?:\.[^.\[\]]+(?:\[[0-9]{1,9}\])*)*")


def overridden(source: Source, overrides: Sequence[str | Override]) -> Source:
    """The source with the overrides applied in order; the later wins.

    An override is ``KEY=VALUE``: the key with dots, entries of lists by ``[0]``; the value any YAML value. A
    mapping or list given this way replaces the one before, it is not merged into it.
    """
    data, places, faults = copy.deepcopy(source.data), dict(source.places), list(source.faults)
    for override in overrides:
        label = f"--set {_short(override)}" if isinstance(override, str) else override.label
        try:
            path, value = (
                _parse(override, label) if isinstance(override, str) else (_path(override.key), override.value)
            )
            _put(data, path, value, label)
        except ConfigError as error:
            faults.append(ConfigFault(label, error.summary, (label, 0)))
            continue
        for inside in [old for old in places if old[: len(path)] == path]:
            del places[inside]
        places |= dict.fromkeys(_paths_in(value, path), Place(label))
        for length in range(1, len(path)):  # sections that nobody has written are opened by it
            places.setdefault(path[:length], Place(label))
    return Source(label=source.label, data=data, places=places, faults=faults, path=source.path)


def _short(text: str) -> str:
    """What was typed, of which a message repeats no more than its beginning."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _parse(override: str, label: str) -> tuple[KeyPath, Data]:
    key, equals, text = override.partition("=")
    key = key.strip()
    if not equals:
        raise ConfigError("must be KEY=VALUE, such as policy.backend=stub", where=label)
    if not _KEY.fullmatch(key):
        raise ConfigError(
            f"{_short(key)!r} is not a key; keys are written like training.anneal.stages[0].mode", where=label
        )
    path = _path(key)
    if len(path) > MAX_DEPTH:
        raise ConfigError(f"a key of {len(path)} parts; no config is nested deeper than {MAX_DEPTH}", where=label)
    return path, parse_scalar(text, label=label)


def _path(key: str) -> KeyPath:
    path: list[str | int] = []
    for part in key.split("."):
        path.append(_INDEX.sub("", part))
        path += [int(index) for index in _INDEX.findall(part)]
    return tuple(path)


def _paths_in(value: Data, at: KeyPath) -> Iterator[KeyPath]:
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths_in(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _paths_in(inner, (*at, index))


def _put(data: dict[str, Data], path: KeyPath, value: Data, label: str) -> None:
    node: Data = data
    for depth, part in enumerate(path):
        last = depth == len(path) - 1
        if isinstance(part, str):
            if not isinstance(node, dict):
                raise ConfigError(f"{part!r} is not in a mapping", where=label)
            if last:
                node[part] = value
            elif not isinstance(node.get(part), dict | list):
                if part in node and node[part] is not None:
                    raise ConfigError(f"{part!r} is a single value; nothing can be set inside it", where=label)
                if isinstance(path[depth + 1], int):
                    raise ConfigError(f"the file has no list {part!r} whose entries could be set", where=label)
                node[part] = {}
            node = node[part]
        else:
            if not isinstance(node, list) or part >= len(node):
                raise ConfigError(f"the list in the file has no entry [{part}]", where=label)
            if last:
                node[part] = value
            node = node[part]
