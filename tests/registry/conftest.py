"""A runs folder with checkpoints in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from townlet.api import ObservationSpec
from townlet.checkpoints import Checkpoint, write_checkpoint
from townlet.registry import Registry


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def registry(runs: Path) -> Iterator[Registry]:
    with Registry(runs) as opened:
        yield opened


@pytest.fixture
def save(runs: Path) -> Callable[[str], Checkpoint]:
    """A checkpoint whose weights are its name."""

    def make(name: str) -> Checkpoint:
        spec = ObservationSpec.of_names("tiny", features=("need",), actions=("wait", "use"))

        def fill(folder: Path) -> None:
            (folder / "weights").write_text(name)

        return write_checkpoint(
            runs / name, fill, backend="pytorch", spec=spec, config_digest="c" * 64, metrics={"reward": 1.0}
        )

    return make
