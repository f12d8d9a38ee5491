"""The JSON Schema of a config, for editors."""

from __future__ import annotations

from typing import Any

from townlet.config.root import TownletConfig

__all__ = ["config_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a config file.

    Editors with a YAML language server use it through a first line
    ``# yaml-language-server: $schema=town.schema.json``.
    """
    schema = TownletConfig.model_json_schema(mode="validation")
    return {"$schema": _DIALECT, **schema, "title": "Townlet config"}
