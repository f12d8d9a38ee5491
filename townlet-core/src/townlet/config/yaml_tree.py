"""YAML text to values with places, safely.

The core schema of YAML 1.2 decides what a plain scalar is: only ``true`` and ``false`` are booleans (``OFF`` is
text), ``1e-3`` is a number, ``12:30`` and dates are text. Tags other than the core schema's are refused. So are
duplicate keys, several documents, and texts that expand to more nodes or nest deeper than a config ever needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

from townlet.config.source import ConfigFault, Data, KeyPath, Place, Source
from townlet.errors import ConfigError

__all__ = ["MAX_DEPTH", "MAX_NODES", "parse_scalar", "parse_yaml"]

MAX_DEPTH = 40
"""Nesting allowed."""

MAX_NODES = 100_000
"""Values allowed once every alias is expanded."""

_MERGE = "tag:yaml.org,2002:merge"
_CORE = "tag:yaml.org,2002:"
_SCALAR_TAGS = {f"{_CORE}{name}" for name in ("str", "int", "float", "bool", "null")}

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_NULL = re.compile(r"null|Null|NULL|~|")


if yaml.__with_libyaml__:  # many times as fast: a map of 5 MB takes a second
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

    class _Events(CParser):
        """Reads, scans and parses in C."""

else:

    class _Events(Reader, Scanner, Parser):  # type: ignore[no-redef]
        """Reads, scans and parses in Python."""

        def __init__(self, stream: str) -> None:
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)


class _CoreLoader(Composer, _Events, Resolver):
    """Composes nodes by the core schema, up to a depth. Never constructs anything."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own form)

    def __init__(self, stream: str) -> None:
        _Events.__init__(self, stream)
        Composer.__init__(self)
        Resolver.__init__(self)
        self.depth = 0

    def here(self) -> yaml.Mark | None:
        """Where the text is being read."""
        event = self.peek_event()
        mark = None if event is None else event.start_mark
        return None if mark is None else yaml.Mark("", mark.index, mark.line, mark.column, None, 0)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {MAX_DEPTH} levels", problem_mark=self.here())
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


for _tag, _pattern, _first in (
    ("bool", _BOOL, "tTfF"),
    ("null", _NULL, ["n", "N", "~", ""]),
    ("int", _INT, "-+0123456789"),
    ("float", _FLOAT, "-+.0123456789"),
):
    _CoreLoader.add_implicit_resolver(f"{_CORE}{_tag}", re.compile(f"^(?:{_pattern.pattern})$"), list(_first))
_CoreLoader.add_implicit_resolver(_MERGE, re.compile(r"^<<$"), ["<"])


def parse_yaml(text: str, *, label: str, kind: str = "config") -> Source:
    """Parses a document whose root is a mapping.

    Args:
        text: the text.
        label: what messages call it, such as the file's name as the user gave it.
        kind: what it is to be, for messages: ``"config"``, ``"map"``, ...

    Raises:
        ConfigError: no YAML, empty, several documents, not a mapping, or beyond the limits. What is wrong with
            single keys is in the result's ``faults``, so that it can be reported together with what a model finds.
    """
    root = _compose(text, label, kind)
    if root is None or (isinstance(root, yaml.ScalarNode) and root.tag == f"{_CORE}null"):
        hint = ["the default town is written:  {}"] if kind == "config" else []
        raise ConfigError("the file is empty", where=label, details=hint)
    walk = _Walk(label)
    data = walk.value(root, ())
    if not isinstance(data, dict):
        raise ConfigError(
            f"a mapping of keys to values is expected, found {_kind(root)}", where=f"{label}:{_line(root)}"
        )
    return Source(label=label, data=data, places=walk.places, faults=walk.faults)


def parse_scalar(text: str, *, label: str) -> Data:
    """The value of an override: any YAML value on one line, ``stub``, ``3``, ``[a, b]``, ``{k: v}``.

    Raises:
        ConfigError: it is not a YAML value.
    """
    root = _compose(text, label, "value")
    if root is None:
        return None
    walk = _Walk(label)
    data = walk.value(root, ())
    if walk.faults:
        raise ConfigError(walk.faults[0].problem, where=label)
    return data


def _compose(text: str, label: str, kind: str) -> yaml.Node | None:
    loader = None
    try:
        text.encode()
        loader = _CoreLoader(text)
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        last = text.count("\n") + 1  # what is missing at the end of a file is missing in its last line
        where = f"{label}:{min(mark.line + 1, last)}" if mark is not None else label
        if error.context == "expected a single document in the stream":
            raise ConfigError(f"a {kind} is one document, found another after '---'", where=where) from None
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        if "nesting depth" in problem:  # a newer libyaml has a bound of its own, above ours
            problem = f"nested deeper than {MAX_DEPTH} levels"
        raise ConfigError(f"not valid YAML: {problem}", where=where) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found = f"character U+{error.character:04X}" if isinstance(error.character, int) else "a character"
        raise ConfigError(f"not valid YAML: {found} is not allowed", where=f"{label}:{line}") from None
    except UnicodeEncodeError:
        raise ConfigError("not valid YAML: half of a character", where=label) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"not valid YAML: {error}", where=label) from None
    finally:
        if loader is not None:
            loader.dispose()


class _Walk:
    """One pass over the nodes; aliases are expanded, and counted so that a small text cannot become a large tree."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.places: dict[KeyPath, Place] = {}
        self.faults: list[ConfigFault] = []
        self.nodes = 0
        self.open: set[int] = set()

    def value(self, node: yaml.Node, path: KeyPath) -> Data:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise ConfigError(
                f"more than {MAX_NODES} values once its anchors are expanded", where=f"{self.label}:{_line(node)}"
            )
        if id(node) in self.open:
            raise ConfigError("an anchor contains itself", where=f"{self.label}:{_line(node)}")
        if len(self.open) > MAX_DEPTH:
            raise ConfigError(
                f"nested deeper than {MAX_DEPTH} levels once its anchors are expanded",
                where=f"{self.label}:{_line(node)}",
            )
        self.places.setdefault(path, Place(self.label, _line(node)))
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, path)
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode) and node.tag == f"{_CORE}seq":
                return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
            if isinstance(node, yaml.MappingNode) and node.tag == f"{_CORE}map":
                return self.mapping(node, path)
        finally:
            self.open.discard(id(node))
        self.fault(path, f"the tag {_short(node.tag)} is not allowed", node)
        return None

    def mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Data]:
        result: dict[str, Data] = {}
        written: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged.append(value_node)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self.fault(path, f"a key must be text, found {_kind(key_node)}", key_node)
                continue
            key = key_node.value
            if key in written:
                self.fault((*path, key), f"the key appears twice, first on line {written[key]}", key_node)
                continue
            written[key] = _line(key_node)
            self.places.setdefault((*path, key), Place(self.label, _line(key_node)))
            result[key] = self.value(value_node, (*path, key))
        for source in merged:
            for key, value in self.merged(source, path):
                result.setdefault(key, value)
        return result

    def merged(self, node: yaml.Node, path: KeyPath) -> Iterator[tuple[str, Data]]:
        """Keys of ``<<: *anchor`` or ``<<: [*a, *b]``; written keys and earlier anchors win."""
        for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            value = self.value(part, path) if isinstance(part, yaml.MappingNode) else None
            if not isinstance(value, dict):
                self.fault(path, f"'<<' merges mappings, found {_kind(part)}", part)
                continue
            yield from value.items()

    def scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Data:
        text = str(node.value)
        try:
            match node.tag.removeprefix(_CORE):
                case "str":
                    text.encode("utf-8")
                    return text
                case "null" if _NULL.fullmatch(text):
                    return None
                case "bool" if _BOOL.fullmatch(text):
                    return text.lower() == "true"
                case "int" if _INT.fullmatch(text):
                    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
                case "float" if _FLOAT.fullmatch(text):
                    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:  # thousands of digits, or half of a surrogate pair
            self.fault(path, f"not a value that can be read: {text[:40]!r}", node)
            return None
        tag = _short(node.tag)
        known = node.tag in _SCALAR_TAGS
        self.fault(path, f"{text[:40]!r} is no {tag}" if known else f"the tag {tag} is not allowed", node)
        return None

    def fault(self, path: KeyPath, problem: str, node: yaml.Node) -> None:
        name = Source(self.label, places={(): Place(self.label, _line(node))}).where(path)
        self.faults.append(ConfigFault(name, problem, ("", _line(node))))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _short(tag: str) -> str:
    return tag.replace(_CORE, "!!")


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"
