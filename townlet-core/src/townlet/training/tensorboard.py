"""An observer that shows training in TensorBoard (extra ``tensorboard``). Event files lie in the run's folder."""

from __future__ import annotations

import importlib.util
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from townlet.plugins import hookimpl

if TYPE_CHECKING:
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    from townlet.api import TrainingReport

__all__ = ["townlet_training_report"]


@hookimpl
def townlet_training_report(report: TrainingReport) -> None:
    """Write the numbers of a report as scalars named ``phase/metric``; nothing where TensorBoard is missing."""
    if report.folder is None or importlib.util.find_spec("tensorboard") is None:
        return
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    values = [Summary.Value(tag=f"{report.phase}/{name}", simple_value=v) for name, v in report.metrics.items()]
    writer = _writer(report.folder)
    writer.add_event(Event(wall_time=time.time(), step=report.step, summary=Summary(value=values)))
    writer.flush()


@cache
def _writer(folder: str) -> EventFileWriter:
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    return EventFileWriter(str(Path(folder) / "tensorboard"))
