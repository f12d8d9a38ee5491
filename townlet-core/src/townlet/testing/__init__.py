"""The conformance kit: holds a policy backend against the contract, level by level.

Two entrances ask the same checks: ``townlet backends check NAME``, and ``pytest --townlet-backend NAME`` with a
test module that says ``from townlet.testing.conformance import *``. Needs the extra ``townlet-core[testing]``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from townlet.testing.check import LEVELS, Check, CheckFailure, CheckSkip
    from townlet.testing.checks import ALL_CHECKS
    from townlet.testing.installed import installed_subject
    from townlet.testing.lessons import TeacherDemonstrations
    from townlet.testing.observations import draw_batch, draw_episode
    from townlet.testing.recording import RecordingObserver, write_fixed_dataset
    from townlet.testing.report import CheckResult, ConformanceReport
    from townlet.testing.runner import read_expected_failures, run_check, run_checks
    from townlet.testing.scaffold import write_backend
    from townlet.testing.scenes import StagedTown, everyday_scene
    from townlet.testing.site import PluginSite, isolated_site
    from townlet.testing.subject import Subject

__all__ = [
    "ALL_CHECKS",
    "LEVELS",
    "Check",
    "CheckFailure",
    "CheckResult",
    "CheckSkip",
    "ConformanceReport",
    "PluginSite",
    "RecordingObserver",
    "StagedTown",
    "Subject",
    "TeacherDemonstrations",
    "draw_batch",
    "draw_episode",
    "everyday_scene",
    "installed_subject",
    "isolated_site",
    "read_expected_failures",
    "run_check",
    "run_checks",
    "write_backend",
    "write_fixed_dataset",
]

_LATER = {
    "ALL_CHECKS": "checks",
    "Check": "check",
    "CheckFailure": "check",
    "CheckResult": "report",
    "CheckSkip": "check",
    "ConformanceReport": "report",
    "LEVELS": "check",
    "PluginSite": "site",
    "RecordingObserver": "recording",
    "StagedTown": "scenes",
    "Subject": "subject",
    "TeacherDemonstrations": "lessons",
    "draw_batch": "observations",
    "draw_episode": "observations",
    "everyday_scene": "scenes",
    "installed_subject": "installed",
    "isolated_site": "site",
    "read_expected_failures": "runner",
    "run_check": "runner",
    "run_checks": "runner",
    "write_backend": "scaffold",
    "write_fixed_dataset": "recording",
}


def __getattr__(name: str) -> Any:
    """Import on first use (PEP 562): pytest loads this package in every project that has Townlet installed."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value
