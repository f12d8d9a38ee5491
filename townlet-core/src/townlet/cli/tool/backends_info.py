"""``townlet backends info``: what one backend says of itself, its options and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from townlet.cli.options import debug_option, json_option
from townlet.cli.output import JSONValue, emit, emit_json
from townlet.cli.tables import emit_facts, emit_table
from townlet.cli.tool.backends_table import row_document
from townlet.errors import BackendError, UsageError
from townlet.plugins import BackendRow, Selection, State, scan
from townlet.plugins.choosing import STUB, canonical_name, find
from townlet.plugins.names import canonical
from townlet.plugins.selection import apply_selection

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["command", "rows_named"]


@click.command("info", epilog="Example:  townlet backends info pytorch")
@click.argument("name")
@json_option
@debug_option
def command(name: str, as_json: bool) -> None:
    """Explain the backend NAME: manifest, options with their defaults, provenance, capabilities, links.

    Only its options module is imported, and only where metadata says that it can be.
    """
    rows = rows_named(name)
    documents = [_document(row) for row in rows]
    if as_json:
        emit_json({"schema": 1, "asked": name, "backends": documents})
        return
    for index, (row, document) in enumerate(zip(rows, documents, strict=True)):
        if index:
            emit()
        _show(row, document)


def rows_named(name: str) -> tuple[BackendRow, ...]:
    """The rows that ``name`` stands for, in whatever state, with the lists of the environment applied.

    Raises:
        UsageError: for the stub, of which there is nothing to say.
        ConfigError: a misspelt name, or an unknown entry in a list.
        BackendNotInstalledError: nobody declares it.
    """
    selection = Selection.from_environment()
    everything = scan()
    selection.check(everything)
    rows = apply_selection(everything, selection)
    distribution, key = canonical_name(name, everything)
    if key == STUB:
        raise UsageError("'stub' is built in: every agent waits; it has no options and no requirements")
    named = tuple(row for row in rows if row.name == key and distribution in (None, canonical(row.distribution)))
    if not named:
        find(name, everything, Selection())  # raises the error that says why
    return named


def _document(row: BackendRow) -> dict[str, JSONValue]:
    manifest = row.manifest
    options, problem = _options(row)
    distribution = row.declaration.distribution
    provenance: dict[str, JSONValue] = {
        "location": distribution.location,
        "editable": distribution.editable,
        "manifest": manifest.path if manifest else None,
        "manifest_digest": manifest.digest if manifest else None,
    }
    return {
        **row_document(row),
        "deterministic": manifest.deterministic if manifest else None,
        "devices": list(manifest.devices) if manifest else [],
        "links": dict(manifest.links) if manifest else {},
        "provenance": provenance,
        "options": options,
        "options_problem": problem,
    }


def _options(row: BackendRow) -> tuple[list[JSONValue] | None, str | None]:
    """The options as JSON, or None and why they cannot be told."""
    if row.state not in (State.PRESENT, State.DECLARED):
        return None, f"not read: the backend is {row.state.value}"
    if row.manifest is None or row.manifest.options is None:
        return None, "the manifest names no options module; `townlet backends doctor` loads the backend"
    from townlet.plugins.loading import load_options_model

    try:
        model = load_options_model(row)
    except BackendError as error:
        return None, str(error)
    return (_fields(model) if model is not None else []), None


def _fields(model: type[BaseModel]) -> list[JSONValue]:
    properties = model.model_json_schema()["properties"] if model.model_fields else {}
    fields: list[JSONValue] = []
    for name, field in model.model_fields.items():
        schema = properties.get(field.alias or name, {})
        default = None if field.is_required() else schema.get("default")
        fields.append(
            {
                "name": name,
                "type": _type(schema),
                "required": field.is_required(),
                "default": default,
                "description": field.description or "",
            }
        )
    return fields


def _type(schema: Mapping[str, Any]) -> str:
    """The type in a few words, from the JSON Schema of the field."""
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if "anyOf" in schema:
        return " | ".join(_type(part) for part in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    name = str(schema.get("type", "any"))
    items = schema.get("items")
    return f"{name} of {_type(items)}" if isinstance(items, dict) else name


def _show(row: BackendRow, document: dict[str, JSONValue]) -> None:
    manifest = row.manifest
    facts = [("name", row.name), ("state", f"{row.state.value}{': ' + row.why if row.why else ''}")]
    facts.append(("distribution", f"{row.distribution} {row.version}{_editable(row)}"))
    facts.append(("entry point", row.declaration.value))
    facts.append(("location", row.declaration.distribution.location))
    if manifest is not None:
        facts += [
            ("summary", manifest.summary),
            ("contract", manifest.api),
            ("capabilities", ", ".join(manifest.capabilities)),
            ("deterministic", manifest.deterministic),
            *((f"honours of {kind}", ", ".join(names)) for kind, names in manifest.honours or ()),
            ("devices", ", ".join(manifest.devices)),
            ("aliases", ", ".join(row.aliases) or "none"),
            ("needs", ", ".join(f"{r.text} ({r.found or 'not installed'})" for r in row.requirements) or "nothing"),
            ("manifest", manifest.path),
            ("its sha256", manifest.digest[:12]),
            *((f"link {name}", address) for name, address in manifest.links),
        ]
    facts += [("warning", text) for text in row.warnings]
    options = document["options"]
    if not isinstance(options, list):
        problem, *details = str(document["options_problem"]).splitlines()
        facts += [("options", problem), *(("", line.strip()) for line in details)]
    elif not options:
        facts.append(("options", "none"))
    emit_facts([(name, str(fact)) for name, fact in facts])
    if isinstance(options, list) and options:
        emit("\noptions (policy.options.NAME):")
        emit_table(("name", "type", "default", "description"), [_option_cells(option) for option in options])


def _option_cells(option: JSONValue) -> tuple[str, ...]:
    assert isinstance(option, dict)
    default = "(required)" if option["required"] else _plain(option["default"])
    return str(option["name"]), str(option["type"]), default, str(option["description"])


def _plain(value: JSONValue) -> str:
    import json

    return value if isinstance(value, str) and value else json.dumps(value)


def _editable(row: BackendRow) -> str:
    return " (editable)" if row.declaration.distribution.editable else ""
