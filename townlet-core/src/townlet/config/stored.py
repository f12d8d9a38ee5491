"""The config in a file of ours: a dataset's manifest, a snapshot, a run's ``config.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from townlet.config.root import TownletConfig
from townlet.errors import TownletError
from townlet.storage import fits, read_json

__all__ = ["read_stored_config", "stored_config"]


def stored_config(value: Any, *, where: str | Path, error: type[TownletError]) -> TownletConfig:
    """The config that ``value``, read from a file of ours, says.

    Raises:
        TownletError: of the kind ``error``: it was written by another version, or changed; the fields are named.
    """
    return fits(TownletConfig, value, where=str(where), what="the config", error=error)


def read_stored_config(path: Path, *, error: type[TownletError]) -> TownletConfig:
    """The config in ``config.json``. Raises as :func:`stored_config`, or where the file cannot be read.

    Townlet writes every key. Of a file that lost some, the defaults would be taken for what was asked for.
    """
    value = read_json(path, error=error)
    if isinstance(value, dict) and "schema_version" not in value:
        raise error("this is not a config that Townlet wrote: it has no schema_version", where=str(path))
    return stored_config(value, where=path, error=error)
