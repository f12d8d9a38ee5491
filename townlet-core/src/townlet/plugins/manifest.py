"""A backend's manifest: what it says of itself in a data file that is read without importing anything."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from townlet.plugins.names import canonical
from townlet.suggestions import nearest

__all__ = [
    "KNOWN_CAPABILITIES",
    "SCHEMA",
    "Manifest",
    "ManifestError",
    "contract_fits",
    "locate_manifest",
    "parse_backend_manifest",
    "read_backend_manifest",
]

SCHEMA = 1
"""The version of the file format that this core reads; independent of the version of the contract."""

KNOWN_CAPABILITIES = ("act", "checkpoint", "export.mlp", "export.onnx", "learn.bc", "learn.ppo", "slow")
"""What a manifest may claim. Another one is noted and not refused: a later core may know it."""

_LARGEST = 64 * 1024  # bytes; a manifest of the usual kind has one
_CLAUSE = re.compile(r"(>=|<=|==|!=|<|>)\s*([0-9]{1,6})\Z")
_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
}
_DETERMINISTIC = ("no", "seeded", "bitwise")
_KEYS = frozenset(
    ("schema", "name", "summary", "aliases", "api", "options", "capabilities", "deterministic", "devices")
)
_TABLES = {"requires": frozenset(("distributions",)), "links": None, "honours": frozenset(("bc", "ppo"))}


class ManifestError(Exception):
    """A manifest that cannot be used; the text says why, without the file's name."""


class Manifest(NamedTuple):
    """What a backend says of itself.

    Attributes:
        name: canonical name, the same as the entry point's.
        api: versions of the contract it serves, such as ``">=1,<2"``.
        summary: one line.
        aliases: other names that select it.
        options: ``module:Class`` of the model of ``policy.options``, importable without the backend's framework.
        capabilities: such as ``act``, ``learn.bc``, ``learn.ppo``, ``checkpoint``.
        deterministic: ``no``, ``seeded`` (same seed, same machine) or ``bitwise`` (everywhere).
        devices: such as ``cpu``, ``cuda``.
        requires: distributions needed at run time, as requirement strings.
        links: name to address.
        honours: of ``bc`` and ``ppo``, the settings that its learner honours; None where it does not say.
        path: the file.
        data: its bytes.
        notes: harmless oddities (keys and capabilities that nobody knows), for the doctor.
    """

    name: str
    api: str
    summary: str = ""
    aliases: tuple[str, ...] = ()
    options: str | None = None
    capabilities: tuple[str, ...] = ("act",)
    deterministic: str = "no"
    devices: tuple[str, ...] = ("cpu",)
    requires: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    honours: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    path: str = ""
    data: bytes = b""
    notes: tuple[str, ...] = ()

    def honoured(self, kind: str) -> frozenset[str] | None:
        """Settings of ``bc`` or ``ppo`` that the learner honours; None where the manifest does not say."""
        return None if self.honours is None else frozenset(dict(self.honours).get(kind, ()))

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the file's bytes; made when asked for, since a listing does not need it."""
        from hashlib import sha256

        return sha256(self.data).hexdigest()


def contract_fits(api: str, version: int) -> bool:
    """Whether the range ``api`` (clauses such as ``>=1`` joined by commas) includes ``version``.

    Raises:
        ManifestError: if it is not such a range.
    """
    fits = True
    for clause in api.split(","):
        match = _CLAUSE.match(clause.strip())
        if match is None:
            raise ManifestError(f"api must be a range such as '>=1,<2', found {api!r}")
        fits &= _COMPARE[match[1]](version, int(match[2]))
    return fits


def locate_manifest(value: str) -> Path:
    """The file that an entry point's value ``package.module:file.toml`` names, without importing any of it.

    Only the first component is looked up, since looking up a dotted name would import its parents.
    (``Distribution.locate_file`` would not do: it knows nothing of editable installs.)

    Raises:
        ManifestError: if the value has another form, or the package or the file is not there.
    """
    package, colon, file = (part.strip() for part in value.partition(":"))
    if not colon or not package or not file:
        raise ManifestError(f"its entry point must be 'package:file.toml', found {value!r}")
    first, *rest = package.split(".")
    try:
        # The path finder alone first: meta-path finders of other tools are slower and may have side effects.
        spec = (None if first in sys.builtin_module_names else PathFinder.find_spec(first)) or find_spec(first)
    except Exception as error:
        raise ManifestError(f"package {first!r} cannot be looked up: {type(error).__name__}: {error}") from error
    if spec is None:
        raise ManifestError(f"its package {first!r} is not there")
    for location in spec.submodule_search_locations or ():
        candidate = Path(location, *rest, file)
        if candidate.is_file():
            return candidate
    raise ManifestError(f"the file {file!r} is not in the package {package!r}")


def parse_backend_manifest(data: bytes, *, expected_name: str, path: str = "") -> Manifest:
    """Read a manifest's bytes, checking every key by hand (pydantic would be slower than all the rest).

    Raises:
        ManifestError: naming the key, the rule and what was found.
    """
    if len(data) > _LARGEST:
        raise ManifestError(f"the file has {len(data)} bytes; at most {_LARGEST} are read")
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ManifestError(f"the file is not UTF-8 text (byte {error.start})") from error
    except (ValueError, RecursionError) as error:  # ValueError: also a number with thousands of digits
        raise ManifestError(f"the file is not TOML: {error}") from error
    schema = document.get("schema")
    if type(schema) is not int or schema < 1:
        raise ManifestError(f"schema must be {SCHEMA}, found {schema!r}" if schema is not None else "schema is missing")
    if schema > SCHEMA:
        raise ManifestError(f"schema {schema} is newer than this core reads ({SCHEMA}); upgrade townlet-core")
    manifest = _build(document, path, data)
    if canonical(manifest.name) != canonical(expected_name):
        raise ManifestError(f"name is {manifest.name!r}, but its entry point says {expected_name!r}")
    contract_fits(manifest.api, 0)  # only to refuse what is not a range
    return manifest


def read_backend_manifest(value: str, *, expected_name: str) -> Manifest:
    """Locate and read the manifest that an entry point's value names.

    Raises:
        ManifestError: as :func:`locate_manifest` and :func:`parse_backend_manifest`, or if the file cannot be read.
    """
    path = locate_manifest(value)
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror or error}") from error
    return parse_backend_manifest(data, expected_name=expected_name, path=str(path))


def _build(document: Mapping[str, object], path: str, data: bytes) -> Manifest:
    requires = _table(document, "requires")
    links = _table(document, "links")
    deterministic = _text(document, "deterministic", "no")
    if deterministic not in _DETERMINISTIC:
        raise ManifestError(f"deterministic must be one of {', '.join(_DETERMINISTIC)}, found {deterministic!r}")
    options = _text(document, "options", "") or None
    if options is not None and not all(part.strip() for part in options.partition(":")):
        raise ManifestError(f"options must be 'module:Class', found {options!r}")
    return Manifest(
        name=canonical(_required(document, "name")),
        api=_required(document, "api"),
        summary=_text(document, "summary", ""),
        aliases=tuple(canonical(alias) for alias in _texts(document, "aliases", ())),
        options=options,
        capabilities=_texts(document, "capabilities", ("act",)),
        deterministic=deterministic,
        devices=_texts(document, "devices", ("cpu",)),
        requires=_texts(requires, "distributions", (), "requires."),
        honours=_honours(document),
        links=tuple((name, _text(links, name, "", "links.")) for name in sorted(links)),
        path=path,
        data=data,
        notes=(*_unread_keys(document), *_unknown_capabilities(document)),
    )


def _honours(document: Mapping[str, object]) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    if "honours" not in document:
        return None
    table = _table(document, "honours")
    return tuple((kind, _texts(table, kind, (), "honours.")) for kind in ("bc", "ppo") if kind in table)


def _required(table: Mapping[str, object], key: str) -> str:
    text = _text(table, key, "")
    if not text.strip():
        raise ManifestError(f"{key} is missing")
    return text


def _text(table: Mapping[str, object], key: str, default: str, prefix: str = "") -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise ManifestError(f"{prefix}{key} must be a text, found {value!r}")
    return value


def _texts(table: Mapping[str, object], key: str, default: tuple[str, ...], prefix: str = "") -> tuple[str, ...]:
    value = table.get(key, list(default))
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise ManifestError(f"{prefix}{key} must be a list of texts, found {value!r}")
    return tuple(value)


def _table(document: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = document.get(key, {})
    if not isinstance(value, dict):
        raise ManifestError(f"{key} must be a table, found {value!r}")
    return value


def _unknown_capabilities(document: Mapping[str, object]) -> Iterator[str]:
    for claimed in _texts(document, "capabilities", ()):
        if claimed not in KNOWN_CAPABILITIES:
            near = nearest(claimed, KNOWN_CAPABILITIES)
            yield f"the capability {claimed!r} is not known" + (f"; did you mean {near!r}?" if near else "")


def _unread_keys(document: Mapping[str, object]) -> tuple[str, ...]:
    unread = [key for key in document if key not in _KEYS and key not in _TABLES]
    for table, keys in _TABLES.items():
        if keys is not None:
            unread += [f"{table}.{key}" for key in _table(document, table) if key not in keys]
    return tuple(f"the key {key!r} is not known" for key in sorted(unread))
