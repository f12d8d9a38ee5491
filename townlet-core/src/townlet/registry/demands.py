"""What the config of a checkpoint's own run demands of a release beside passed evaluations."""

from __future__ import annotations

from pathlib import Path

from townlet.config.stored import read_stored_config
from townlet.errors import RegistryError

__all__ = ["CONFIG_NAME", "RUN_NAME", "demanded", "run_config"]

RUN_NAME, CONFIG_NAME = "run.json", "config.json"
"""Files of the folder of a training run."""


def run_config(checkpoint: Path) -> Path | None:
    """The config of the run that wrote a checkpoint, if it lies in its run's folder still.

    Args:
        checkpoint: its folder, a pointer such as ``checkpoints/best``, or the run's folder.
    """
    for folder in (checkpoint, checkpoint.parent, checkpoint.parent.parent):
        if (folder / RUN_NAME).is_file() and (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    return None


def demanded(checkpoint: Path) -> tuple[str, ...]:
    """What must be played before a checkpoint is promoted, in words; nothing where its run's config is gone.

    Raises:
        RegistryError: that config cannot be read.
    """
    path = run_config(checkpoint)
    if path is None:
        return ()
    wanted = read_stored_config(path, error=RegistryError).evaluation
    found = [f"scenario {name}" for name in wanted.required_scenarios]
    return (*found, *(() if wanted.strangers.suite is None else (f"suite {wanted.strangers.suite} of the arena",)))
