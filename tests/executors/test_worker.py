"""What a worker does before it is given work."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

from townlet.config import load_config
from townlet.envs.kernel import ENTRY_POINTS
from townlet.executors import pace, worker
from townlet.play import Cast, Job, stage
from townlet.plugins import Selection
from townlet.world import compiled


class Engine:
    """Says when it compiles and when it is done."""

    def __init__(self, told: list[str]) -> None:
        self._told = told
        told.append("begins")
        time.sleep(0.2)

    def observe(self):
        return self

    @property
    def action_mask(self):
        return self

    def argmax(self, axis: int) -> int:
        return axis

    def step(self, actions: int) -> None:
        self._told.append("ends")


def test_one_worker_of_a_node_compiles_and_the_others_wait(monkeypatch, tmp_path: Path) -> None:
    told: list[str] = []
    monkeypatch.setattr(compiled, "compile_pending", lambda *functions: True)
    monkeypatch.setattr(compiled, "kept_in", lambda function: tmp_path / "code")
    monkeypatch.setattr(stage, "town_engine", lambda *args: Engine(told))
    monkeypatch.setattr(stage, "close_engine", lambda engine: None)
    waiting = [threading.Thread(target=worker.warm) for _ in range(3)]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join(30)
    assert told == ["begins", "ends"] * 3
    assert list((tmp_path / "code").iterdir()) == [], "the lock is gone again"


def test_the_lock_lies_beside_the_machine_code_and_not_where_anybody_may_write() -> None:
    kept = compiled.kept_in(ENTRY_POINTS[0])
    assert kept is not None
    assert kept.name == "__pycache__" or "numba" in str(kept).lower()


def test_while_minds_are_opened_nothing_of_a_piece_is_done(monkeypatch) -> None:
    """What the piece before has counted is not told as this one's: the bar would go back afterwards."""
    job = Job(load_config(None, ["town.map=hamlet"]), Cast.of("scripted"), (3, 4), 5)
    piece = worker.Piece(job=job.to_json(), threads=1, selection=Selection(), untrained=None, notes=("only here",))
    seen = []
    opened = worker.Troupe.open

    def slowly(*args, **more):
        seen.append(pace.pace())
        return opened(*args, **more)

    monkeypatch.setattr(worker.Troupe, "open", slowly)
    monkeypatch.setattr(worker, "_MINDS", {})
    worker.play_piece(piece)
    assert pace.pace() == 10
    worker.play_piece(replace(piece, notes=("another",)))
    worker.tidy()
    assert seen == [0, 0]
