"""A checkpoint as a learner would write it: weights, trainer state in a subfolder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from townlet.api import ObservationSpec
from townlet.checkpoints import Checkpoint, write_checkpoint

DIGEST = "ab" * 32


@pytest.fixture
def spec() -> ObservationSpec:
    return ObservationSpec.of_names(
        "tiny", channels=("wall",), map_size=(3, 3), features=("need", "wallet"), actions=("wait", "use")
    )


@pytest.fixture
def fill() -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "weights.safetensors").write_bytes(bytes(range(256)))
        (folder / "training").mkdir()
        (folder / "training" / "progress.json").write_text('{"update": 3}')

    return write


@pytest.fixture
def save(tmp_path: Path, spec: ObservationSpec, fill: Callable[[Path], None]) -> Callable[..., Checkpoint]:
    def make(name: str = "step-1", **changes: object) -> Checkpoint:
        fields: dict[str, object] = {"backend": "pytorch", "spec": spec, "config_digest": DIGEST, **changes}
        return write_checkpoint(tmp_path / name, fill, **fields)  # type: ignore[arg-type]

    return make
