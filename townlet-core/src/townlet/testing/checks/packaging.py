"""Level 0: what the distribution says of itself, read without importing it."""

from __future__ import annotations

import re

from townlet.api import API_VERSION, BCSettings, PPOSettings
from townlet.plugins.manifest import KNOWN_CAPABILITIES, Manifest, contract_fits
from townlet.plugins.rows import State
from townlet.testing.check import Check, CheckSkip, collect, expect
from townlet.testing.packages import requirement_lines
from townlet.testing.subject import Subject

__all__ = ["CHECKS"]

CHECKS: list[Check] = []
check = collect(0, "packaging", CHECKS)

READABLE, MANIFEST = "packaging.manifest-is-readable", "packaging.manifest-is-there"


@check("A manifest that the distribution declares is in it, and can be read.", installed=True)
def manifest_is_readable(subject: Subject) -> None:
    fault = subject.installed_row.fault
    expect(fault is None, f"the manifest cannot be used: {fault}")


@check("The distribution declares a manifest for its entry point.", installed=True, after=(READABLE,))
def manifest_is_there(subject: Subject) -> None:
    expect(
        subject.installed_row.manifest is not None,
        "no manifest: add a townlet_backend.toml and an entry point in the group townlet.backend_manifests",
    )


@check("The contract versions that the manifest serves include ours.", installed=True, after=(READABLE,))
def our_contract_is_served(subject: Subject) -> None:
    api = _manifest(subject).api
    expect(contract_fits(api, API_VERSION), f"api = {api!r} does not include {API_VERSION}")


@check(
    "The manifest has a summary, an upper end of its contract versions, 'act', and no unknown capability.",
    installed=True,
    after=(MANIFEST,),
)
def manifest_says_what_is_needed(subject: Subject) -> None:
    manifest = _manifest(subject)
    expect(bool(manifest.summary.strip()), "summary is empty: one line is shown by 'townlet backends list'")
    expect("<" in manifest.api or "==" in manifest.api, f"api = {manifest.api!r} has no upper end; say '>=1,<2'")
    expect("act" in manifest.capabilities, "capabilities must hold 'act'")
    unknown = sorted(set(manifest.capabilities) - set(KNOWN_CAPABILITIES))
    expect(not unknown, f"unknown capabilities: {', '.join(unknown)}")
    expect(not manifest.notes, "; ".join(manifest.notes))


@check(
    "The manifest of a learner lists the settings that it honours, by their names.",
    needs=("learn",),
    installed=True,
    after=(MANIFEST,),
)
def honoured_settings_are_listed(subject: Subject) -> None:
    manifest = _manifest(subject)
    expect(manifest.honours is not None, "no table [honours]: list the settings that the learner honours")
    known = {"bc": set(BCSettings.model_fields), "ppo": set(PPOSettings.model_fields)}
    for kind, names in known.items():
        unknown = sorted((manifest.honoured(kind) or frozenset()) - names)
        expect(not unknown, f"honours.{kind} lists unknown settings: {', '.join(unknown)}")


@check("The distribution requires townlet-core in a range with an upper end.", installed=True)
def core_is_pinned_to_a_range(subject: Subject) -> None:
    distribution = subject.installed_row.distribution
    lines = [line for line in requirement_lines(distribution) if re.match(r"townlet[-_.]core\b", line, re.IGNORECASE)]
    expect(bool(lines), f"{distribution} does not require townlet-core: add 'townlet-core>=0.1,<1'")
    expect("<" in lines[0] or "~=" in lines[0], f"{lines[0]!r} has no upper end: a later core may break it")


@check("What the manifest requires at run time is what the distribution requires.", installed=True, after=(MANIFEST,))
def run_time_requirements_are_declared(subject: Subject) -> None:
    row = subject.installed_row
    lines = requirement_lines(row.distribution)
    names = {_plain(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]) for line in lines}
    for requirement in row.requirements:
        expect(
            _plain(requirement.name) in names,
            f"the manifest requires {requirement.text!r}, but {row.distribution}'s dependencies do not",
        )


@check("Nothing about the installation needs the doctor.", installed=True)
def installation_is_clean(subject: Subject) -> None:
    row = subject.installed_row
    expect(row.state is not State.CONFLICTING, f"{row.qualified} is in conflict: {row.why}")
    told = ("it has no manifest", "manifest: ")  # what other checks say
    warnings = [w for w in row.warnings if not w.startswith(told)]
    expect(not warnings, "; ".join(warnings))


def _manifest(subject: Subject) -> Manifest:
    manifest = subject.installed_row.manifest
    if manifest is None:
        raise CheckSkip("there is no manifest to read")
    return manifest


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
