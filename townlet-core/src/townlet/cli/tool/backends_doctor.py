"""``townlet backends doctor``: try backends out, each in a child process, and end in a block for a bug report."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click

import townlet
from townlet.cli.options import debug_option, json_option
from townlet.cli.output import JSONValue, emit, emit_json, warn
from townlet.cli.tables import emit_table, verdict
from townlet.cli.tool.backends_info import rows_named
from townlet.cli.tool.backends_table import row_document
from townlet.errors import BackendError, ConfigError, UsageError
from townlet.plugins import BackendRow, Selection, State, scan_all
from townlet.plugins.doctor import DEFAULT_LIMIT, Diagnosis, diagnose
from townlet.plugins.metadata import installed_version
from townlet.plugins.observers import DISABLE_PLUGINS
from townlet.plugins.scan import ALLOW_LOCAL, uncontested
from townlet.plugins.selection import DISABLE, ONLY, apply_selection
from townlet.version import API_VERSION

__all__ = ["command"]

_FAILING = (State.BROKEN, State.CONFLICTING, State.INCOMPATIBLE)
_PACKAGES = ("townlet-core", "numpy", "numba", "pydantic", "pluggy", "importlib-metadata", "torch")


@click.command("doctor", epilog="Example:  townlet backends doctor pytorch")
@click.argument("name", required=False)
@click.option(
    "--timeout",
    "limit",
    type=click.FloatRange(0.1, 3600),
    default=DEFAULT_LIMIT,
    show_default=True,
    help="Time limit for each backend, seconds.",
)
@json_option
@debug_option
def command(name: str | None, limit: float, as_json: bool) -> int:
    """Load the backend NAME, or every backend, each in a child process, and report what is wrong.

    Exit code 3 if NAME is not ready, or, without NAME, if one is broken, incompatible or in conflict. What is only
    lacking something it requires, or is blocked, does not count there.
    """
    rows, findings = _rows(name)
    spec, remark = _town_spec()
    if remark:
        findings.append(remark)
    diagnoses = []
    for row in rows:
        if sys.stderr.isatty() and row.state is State.PRESENT:
            click.echo(f"trying {row.name} ...", err=True)
        diagnoses.append(diagnose(row, spec, limit))
    failing = [d for d in diagnoses if d.row.state in _FAILING or (name is not None and d.row.state is not State.READY)]
    if as_json:
        emit_json(_document(diagnoses, findings, failing=bool(failing)))
    else:
        _show(diagnoses, findings)
    return BackendError.exit_code if failing else 0


def _rows(name: str | None) -> tuple[tuple[BackendRow, ...], list[str]]:
    """The rows to look at, and what is wrong beyond them."""
    if name is not None:
        rows = rows_named(name)
        return (tuple(map(uncontested, rows)) if ":" in name else rows), list(scan_all().warnings)
    found = scan_all()
    selection = Selection.from_environment()
    findings = list(found.warnings)
    try:
        selection.check(found.rows)
    except (ConfigError, UsageError) as error:  # the doctor reports it where every other command stops
        findings.append(" ".join([error.summary, *error.details[:-1]]))
    return apply_selection(found.rows, selection), findings


def _town_spec() -> tuple[Mapping[str, Any] | None, str]:
    """The observations of the default town as JSON; None and why, if there are none."""
    from townlet.config import load_config
    from townlet.observations import build_spec

    try:
        return build_spec(load_config()).to_json(), ""
    except ConfigError as error:
        return None, f"no policy was created, because the default config cannot be used: {error.summary}"


def _document(diagnoses: Iterable[Diagnosis], findings: list[str], *, failing: bool) -> dict[str, JSONValue]:
    backends: list[JSONValue] = [
        {
            **row_document(d.row),
            "probed": d.probed,
            "phase": d.phase or None,
            "problem": d.problem or None,
            "import_seconds": d.import_seconds,
            "create_seconds": d.create_seconds,
            "memory_mib": d.memory_mib,
            "changes": list(d.changes),
            "output": d.output or None,
        }
        for d in diagnoses
    ]
    return {
        "schema": 1,
        "source": "child processes",
        "healthy": not failing,
        "backends": backends,
        "findings": list(findings),
        "settings": dict(_settings()),
        "system": _system(diagnoses),
    }


def _show(diagnoses: list[Diagnosis], findings: list[str]) -> None:
    table = [
        (
            d.row.name,
            verdict(d.row.state.value),
            f"{d.row.distribution} {d.row.version}",
            _milliseconds(d.import_seconds),
            _milliseconds(d.create_seconds),
            "" if d.memory_mib is None else f"{d.memory_mib:.0f} MiB",
            d.row.why,
        )
        for d in diagnoses
    ]
    emit("```text")
    emit_table(("name", "state", "distribution", "import", "create", "memory", "why"), table)
    for d in diagnoses:
        _show_details(d)
    if findings:
        emit("\nother findings:")
        for finding in findings:
            emit(f"  {finding}")
    emit("\nsettings:")
    for key, value in _settings().items():
        emit(f"  {key} = {value}")
    emit("\nsystem:")
    for key, value in _system(diagnoses).items():
        emit(f"  {key}: {value}")
    emit("```")
    if any(d.problem for d in diagnoses):
        warn("not everything is ready; paste the block above into a bug report")


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.0f} ms"


def _show_details(diagnosis: Diagnosis) -> None:
    lines = diagnosis.problem.splitlines()[1:]
    lines += [f"warning: {text}" for text in diagnosis.warnings]
    lines += [f"printed: {text}" for text in diagnosis.output.splitlines()[-5:]]
    if lines:
        emit(f"\n{diagnosis.row.name}:")
        for line in lines:
            emit(f"  {line.strip()}")


def _settings() -> dict[str, str]:
    return {name: os.environ.get(name, "(not set)") for name in (ONLY, DISABLE, ALLOW_LOCAL, DISABLE_PLUGINS)}


def _system(diagnoses: Iterable[Diagnosis]) -> dict[str, str]:
    """Versions: of Townlet, of Python, of what core needs, and of what the backends say that they require."""
    required = (each.name for diagnosis in diagnoses for each in diagnosis.row.requirements)
    names = dict.fromkeys((*_PACKAGES, *required))
    packages = {name: installed_version(name) or "not installed" for name in names}
    return {
        "townlet": f"{townlet.__version__}, contract {API_VERSION}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "executable": sys.executable,
        **packages,
    }
