"""``townlet backends check``: check a backend against the contract."""

from __future__ import annotations

from pathlib import Path

import click

from townlet.cli.options import json_option
from townlet.cli.output import console, emit, emit_json
from townlet.cli.tables import emit_table

__all__ = ["command"]

NONCONFORMING = 3


@click.command("check", epilog="Example:  townlet backends check scripted --report conformance.json")
@click.argument("name", required=False)
@click.option("--list", "list_checks", is_flag=True, help="List the checks and their rules without running any.")
@click.option(
    "--report", "report_path", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as JSON."
)
@click.option(
    "--expected-failures",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="TOML file with a table [expected]: name of a check to the reason why it fails. Strict.",
)
@click.option(
    "-c",
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Config whose observations and policy.options are used.",
)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override one value of the config.")
@json_option
def command(
    name: str | None,
    list_checks: bool,
    report_path: Path | None,
    expected_failures: Path | None,
    config_path: Path | None,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Check the backend NAME against the contract, level by level."""
    from townlet.errors import UsageError
    from townlet.testing.extra import require_extra

    require_extra()

    if list_checks:
        _show_checks()
        return
    if name is None:
        raise UsageError("which backend?", details=("townlet backends check NAME", "see: townlet backends list"))
    from townlet.config import load_document
    from townlet.testing.installed import installed_subject
    from townlet.testing.report import CheckResult, write_report
    from townlet.testing.runner import read_expected_failures, run_checks

    document = load_document(config_path, list(overrides))
    expected = read_expected_failures(expected_failures) if expected_failures else None
    if report_path is not None and not report_path.absolute().parent.is_dir():  # said before the work, not after
        raise UsageError(f"{report_path.parent} is not a folder", details=("--report names a file in one",))
    subject = installed_subject(name, document.config, document.config.policy.options)

    def progress(result: CheckResult) -> None:
        console().print(
            f"  {result.outcome:<16} {result.name}", markup=False, style=None if result.outcome == "passed" else "bold"
        )

    report = run_checks(subject, expected=expected, progress=None if as_json else progress)
    if report_path is not None:
        write_report(report, report_path)
    if as_json:
        emit_json({**report.model_dump(mode="json"), "conforms": report.conforms})
    else:
        _show(report)
    if not report.conforms:
        raise click.exceptions.Exit(NONCONFORMING)


def _show_checks() -> None:
    from townlet.testing.check import LEVELS
    from townlet.testing.checks import ALL_CHECKS

    for level, title in enumerate(LEVELS):
        emit(f"level {level}: {title}")
        for one in ALL_CHECKS:
            if one.level == level:
                needs = f"  [{', '.join(sorted(one.needs))}]" if one.needs else ""
                emit(f"  {one.name}{needs}\n      {one.rule}")


def _show(report: object) -> None:
    from townlet.testing.report import ConformanceReport

    assert isinstance(report, ConformanceReport)
    emit()
    header = ("level", "ran", "passed", "failed", "expected", "skipped", "not asked", "floor")
    rows = [
        (
            f"{c.level} {c.name}",
            *map(str, (c.ran, c.passed, c.failed, c.expected_failed, c.skipped, c.not_asked, c.floor)),
        )
        for c in report.levels
    ]
    emit_table(header, rows)
    for result in report.results:
        if result.outcome in ("failed", "unexpected-pass", "skipped"):
            emit(f"\n{result.outcome}: {result.name}\n  rule:  {result.rule}\n  found: {result.message}")
    for count in report.below_floor:
        emit(
            f"\ntoo little of level {count.level} ({count.name}) ran to say anything: {count.ran} of {count.applicable}"
        )
    verdict = "conforms" if report.conforms else "does not conform"
    who = f"{report.distribution or report.backend}: backend {report.backend!r}"
    emit(f"\n{who} {verdict} to contract {report.api_version} ({report.seconds:.1f} s)")
