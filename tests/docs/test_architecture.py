"""The architecture page names the rooms that the linter knows, and no others."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def rooms(container: str | None) -> list[str]:
    """The modules of a layers contract, highest first."""
    (contract,) = (
        c for c in CONTRACTS if c["type"] == "layers" and c.get("containers") == ([container] if container else None)
    )
    return [room for layer in contract["layers"] for room in re.split(r"\s*[|:]\s*", layer)]


def test_the_table_has_every_room_of_core() -> None:
    table = PAGE.split("| room | idea |")[1].split("\n\n")[0]
    named = [name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    known = list(dict.fromkeys(room.split(".")[1] for room in rooms(None)))
    assert sorted(named) == sorted({*known} - {"version"})


def test_the_rooms_inside_training_are_drawn_in_their_order() -> None:
    drawing = PAGE.split("## Inside training")[1].split("```")[1]
    drawn = [name for line in drawing.splitlines()[1:] for name in re.findall(r"\w+", line[:29].split("   ")[0])]
    assert {*drawn} | {"tensorboard"} == {*rooms("townlet.training")}
    levels = {room: rooms("townlet.training").index(room) for room in drawn}
    assert drawn == sorted(drawn, key=lambda room: levels[room])
