"""Checkpoints: folders of weights and state, written whole or not at all, verified when they are read."""

from townlet.checkpoints.manifest import CheckpointManifest, FileEntry
from townlet.checkpoints.pointers import is_checkpoint, keep_last, read_pointer, resolve_checkpoint, write_pointer
from townlet.checkpoints.reading import Checkpoint, read_checkpoint
from townlet.checkpoints.writing import write_checkpoint

__all__ = [
    "Checkpoint",
    "CheckpointManifest",
    "FileEntry",
    "is_checkpoint",
    "keep_last",
    "read_checkpoint",
    "read_pointer",
    "resolve_checkpoint",
    "write_checkpoint",
    "write_pointer",
]
