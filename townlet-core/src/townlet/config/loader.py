"""From a file and overrides to a checked config."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from townlet.config.checking import checked
from townlet.config.document import ConfigDocument
from townlet.config.overrides import Override, overridden
from townlet.config.root import TownletConfig
from townlet.config.source import Source
from townlet.config.town import SHIPPED_MANIFESTS, SHIPPED_MAPS
from townlet.config.yaml_tree import parse_yaml
from townlet.errors import ConfigError
from townlet.storage import read_given
from townlet.suggestions import nearest

__all__ = ["MAX_BYTES", "MAX_MAP_BYTES", "gathered", "load_config", "load_document", "read_source", "read_text"]

MAX_BYTES = 1 << 20
"""Size allowed of a config file."""

MAX_MAP_BYTES = 64 << 20
"""Size allowed of a map file: 4096 rows of 4096 glyphs, each up to four bytes long."""


def load_config(path: str | Path | None = None, overrides: Sequence[str] = ()) -> TownletConfig:
    """The config in a YAML file with overrides on top; the default town without a path.

    Args:
        path: the file.
        overrides: ``"policy.backend=stub"`` and the like, applied in order.

    Raises:
        ConfigError: everything that is wrong, each with file, line and key, or with the override.
    """
    return load_document(path, overrides).config


def load_document(path: str | Path | None = None, overrides: Sequence[str | Override] = ()) -> ConfigDocument:
    """As :func:`load_config`, with where each value came from."""
    source = Source(label="the default config") if path is None else read_source(path)
    source = overridden(source, overrides)
    document = ConfigDocument(config=checked(TownletConfig, source), source=source)
    folder = Path() if path is None else Path(path).parent
    return replace(
        document,
        config=gathered(document.config, lambda key: folder if document.written_in_file(key) else Path()),
    )


def gathered(config: TownletConfig, folder_of: Callable[[str], Path] = lambda _: Path()) -> TownletConfig:
    """The config with what its town's files hold in ``town.files``: nothing of this machine is needed to build it.

    A file that cannot be read is left to whoever builds the town, with its full path if it is not a bare name.

    Args:
        config: the config.
        folder_of: from a key such as ``town.map`` to the folder that a relative path in its value starts from.
    """
    town, files, changed = config.town, {}, {}
    for key, name, shipped, limit in (
        ("map", town.map, (*SHIPPED_MAPS, "generated"), MAX_MAP_BYTES),
        ("affordances", town.affordances, SHIPPED_MANIFESTS, MAX_BYTES),
    ):
        if name in shipped:
            continue
        if name in town.files:
            files[name] = town.files[name]
            continue
        path = folder_of(f"town.{key}") / name
        try:
            files[name] = read_text(path, kind=key, max_bytes=limit)
        except ConfigError:
            if path.suffix in (".yaml", ".yml") or path.name != name:
                changed[key] = str(path)
    if files == town.files and not changed:
        return config
    return config.model_copy(update={"town": town.model_copy(update={"files": files, **changed})})


def read_source(path: str | Path) -> Source:
    """Reads a YAML file whose root is a mapping; to be checked against a model by ``checking.checked``.

    Raises:
        ConfigError: it cannot be read, is too large, binary, not UTF-8, empty or not YAML.
    """
    return replace(parse_yaml(read_text(path), label=str(path)), path=Path(path))


def read_text(path: str | Path, *, kind: str = "config", max_bytes: int = MAX_BYTES) -> str:
    """The text of a file that somebody wrote by hand.

    Args:
        path: the file.
        kind: what it is to be, for messages: ``"config"``, ``"map"``, ...
        max_bytes: size allowed; a multiple of 1 MiB.

    Raises:
        ConfigError: it cannot be read, is too large, binary or not UTF-8.
    """
    file, label = Path(path), str(path)
    try:
        raw = read_given(file, max_bytes + 1)
    except FileNotFoundError:
        raise ConfigError("there is no such file", where=label, details=_similar_files(file)) from None
    except IsADirectoryError:
        raise ConfigError(f"a {kind} must be a file, found a folder", where=label) from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or error}", where=label) from None
    except ValueError as error:
        raise ConfigError(f"cannot be read: {error}", where=label) from None
    if len(raw) > max_bytes:
        raise ConfigError(f"larger than {max_bytes >> 20} MiB, the limit for a {kind}", where=label)
    if b"\0" in raw:
        raise ConfigError(f"this is a binary file; a {kind} must be YAML text", where=label)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError("not UTF-8 text; save the file as UTF-8", where=f"{label}:{line}") from None


def _similar_files(file: Path) -> list[str]:
    try:
        names = [other.name for other in file.parent.iterdir() if other.suffix in (".yaml", ".yml")]
    except OSError:
        return []
    near = nearest(file.name, names)
    return [f"did you mean {str(file.parent / near)!r}?"] if near else []
