"""Level 1: importing the plugin has no side effects and pulls in nothing heavy. Looked at in a child process."""

from __future__ import annotations

from townlet.testing.check import Check, collect, expect
from townlet.testing.imports import ImportOutcome, import_outcome
from townlet.testing.subject import Subject

__all__ = ["CHECKS"]

CHECKS: list[Check] = []
check = collect(1, "hygiene", CHECKS)

IMPORTS = "hygiene.the-plugin-imports"


@check(
    "The plugin module and its options import without an error, an exit or a crash, within a minute.", installed=True
)
def the_plugin_imports(subject: Subject) -> None:
    error = _outcome(subject).error
    expect(error is None, f"importing it came to {error}")


@check(
    "Importing them pulls in none of the distributions that the manifest requires.", installed=True, after=(IMPORTS,)
)
def nothing_heavy_is_imported(subject: Subject) -> None:
    heavy = ", ".join(_outcome(subject).heavy)
    expect(not heavy, f"importing the plugin imported {heavy}: import it inside the hook that creates the policy")


@check("Importing them prints nothing.", installed=True, after=(IMPORTS,))
def nothing_is_printed(subject: Subject) -> None:
    printed = _outcome(subject).printed
    expect(not printed, f"importing the plugin printed {printed!r}")


@check(
    "Importing them starts no thread and changes no signal handler, random state, environment, filter or folder.",
    installed=True,
    after=(IMPORTS,),
)
def nothing_is_changed(subject: Subject) -> None:
    changed = ", ".join(_outcome(subject).changed)
    expect(not changed, f"importing the plugin changed: {changed}")


def _outcome(subject: Subject) -> ImportOutcome:
    return import_outcome(subject.installed_row)
