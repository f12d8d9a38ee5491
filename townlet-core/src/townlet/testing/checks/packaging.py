"""Level 0: what the distribution says of itself, read without importing it."""

from __future__ import annotations

import re

from townlet.api import API_VERSION
from townlet.plugins.manifest import contract_fits
from townlet.testing.check import Check, CheckSkip, collect, expect
from townlet.testing.packages import found_row, requirement_lines
from townlet.testing.subject import Subject

__all__ = ["CHECKS"]

CHECKS: list[Check] = []
check = collect(0, "packaging", CHECKS)

MANIFEST = "packaging.manifest-is-there"
KNOWN_CAPABILITIES = frozenset({"act", "learn.bc", "learn.ppo", "checkpoint", "export.onnx"})


@check("The distribution carries a readable manifest for its entry point.", installed=True)
def manifest_is_there(subject: Subject) -> None:
    row = found_row(subject.name)
    expect(row.fault is None, f"the manifest cannot be used: {row.fault}")
    expect(
        row.manifest is not None,
        "no manifest: add a townlet_backend.toml and an entry point in the group townlet.backend_manifests",
    )


@check(
    "The manifest has a summary, a range of contract versions that includes ours, and 'act'.",
    installed=True,
    after=(MANIFEST,),
)
def manifest_says_what_is_needed(subject: Subject) -> None:
    manifest = found_row(subject.name).manifest
    if manifest is None:
        raise CheckSkip("there is no manifest to read")
    expect(bool(manifest.summary.strip()), "summary is empty: one line is shown by 'townlet backends list'")
    expect(contract_fits(manifest.api, API_VERSION), f"api = {manifest.api!r} does not include {API_VERSION}")
    expect("<" in manifest.api or "==" in manifest.api, f"api = {manifest.api!r} has no upper end; say '>=1,<2'")
    expect("act" in manifest.capabilities, "capabilities must hold 'act'")
    unknown = sorted(set(manifest.capabilities) - KNOWN_CAPABILITIES)
    expect(not unknown, f"capabilities that nobody knows: {', '.join(unknown)}")
    expect(not manifest.notes, "; ".join(manifest.notes))


@check("The distribution requires townlet-core in a range with an upper end.", installed=True)
def core_is_pinned_to_a_range(subject: Subject) -> None:
    distribution = found_row(subject.name).distribution
    lines = [line for line in requirement_lines(distribution) if re.match(r"townlet[-_.]core\b", line, re.IGNORECASE)]
    expect(bool(lines), f"{distribution} does not require townlet-core: add 'townlet-core>=0.1,<1'")
    expect("<" in lines[0] or "~=" in lines[0], f"{lines[0]!r} has no upper end: a later core may break it")


@check("What the manifest requires at run time is what the distribution requires.", installed=True, after=(MANIFEST,))
def run_time_requirements_are_declared(subject: Subject) -> None:
    row = found_row(subject.name)
    lines = requirement_lines(row.distribution)
    names = {_plain(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]) for line in lines}
    for requirement in row.requirements:
        expect(
            _plain(requirement.name) in names,
            f"the manifest requires {requirement.text!r}, but {row.distribution}'s dependencies do not",
        )


@check("Nothing about the installation needs the doctor.", installed=True)
def installation_is_clean(subject: Subject) -> None:
    warnings = [w for w in found_row(subject.name).warnings if w != "it has no manifest"]
    expect(not warnings, "; ".join(warnings))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
