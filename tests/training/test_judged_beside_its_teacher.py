"""A candidate is held against the teacher that was recorded, its options included."""

from __future__ import annotations

from pathlib import Path

import pytest

from townlet.config import load_config
from townlet.play import MindSpec
from townlet.training.services import PromotionServiceAdapter, promotion


def test_the_teacher_is_judged_with_its_own_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = load_config(
        None,
        [
            "town.map=hamlet",
            "policy.options.patience=3",
            "training.demonstrations.teacher_options={patience: 77}",
        ],
    )
    played: list[object] = []
    monkeypatch.setattr(promotion, "evaluate", lambda _config, mind, **_: played.append(mind))
    monkeypatch.setattr(promotion, "compare", lambda found: found)
    PromotionServiceAdapter(config, tmp_path)._compare("scripted:candidate", (1,), None)
    teacher, candidate = played
    assert isinstance(teacher, MindSpec)
    assert (teacher.requested, teacher.backend, dict(teacher.options)) == ("scripted", "scripted", {"patience": 77})
    assert candidate == "scripted:candidate"
