"""The hooks: what core asks of a backend, and what it tells an observer.

Each hook takes one typed object, so that it can grow without breaking what is written against it. None is called
inside the tick: they create policies and learners, and they report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from pathlib import Path

    import click
    from pydantic import BaseModel

    from townlet.api import (
        ExportRequest,
        LearnerProtocol,
        LearnerRequest,
        PolicyBackendProtocol,
        PolicyRequest,
        RunSummary,
        SlowMind,
        TrainingReport,
    )

__all__ = ["PROJECT", "BackendHooks", "ObserverHooks", "hookimpl", "hookspec"]

PROJECT = "townlet"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class BackendHooks:
    """Hooks of the entry-point group ``townlet.backends``."""

    @staticmethod
    @hookspec(firstresult=True)
    def townlet_create_policy(request: PolicyRequest) -> PolicyBackendProtocol | SlowMind | None:
        """Create a policy for the observations that ``request.spec`` describes, or a slow mind."""

    @staticmethod
    @hookspec(firstresult=True)
    def townlet_create_learner(request: LearnerRequest) -> LearnerProtocol | None:
        """Create a learner; only for backends that can learn."""

    @staticmethod
    @hookspec(firstresult=True)
    def townlet_backend_options() -> type[BaseModel] | None:
        """The model of ``policy.options``; without it the backend takes no options."""

    @staticmethod
    @hookspec(firstresult=True)
    def townlet_export_policy(request: ExportRequest) -> Path | None:
        """Write the checkpoint's policy as ``request.format`` to ``request.target``, and return that path."""


class ObserverHooks:
    """Hooks of the entry-point group ``townlet.plugins``: watch and extend, never decide."""

    @staticmethod
    @hookspec
    def townlet_run_finished(summary: RunSummary) -> None:
        """A run of a town ended."""

    @staticmethod
    @hookspec
    def townlet_training_report(report: TrainingReport) -> None:
        """Training made a step; metric sinks hang here."""

    @staticmethod
    @hookspec
    def townlet_register_commands(cli: click.Group) -> None:
        """Add commands to ``townlet``; called only when the command asked for is not one of core's."""
