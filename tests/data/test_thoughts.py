"""What minds say beside the arrays of a recording."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from townlet.api import Condition, Plan, PlanStep, Thought
from townlet.data import DatasetWriter, open_dataset, recover
from townlet.data.manifest import MANIFEST_NAME
from townlet.data.thoughts import THOUGHTS_NAME, RecordedThought
from townlet.errors import DatasetError

PLAN = Plan(
    steps=(PlanStep(action=1, ticks=3), PlanStep(action=2)),
    until=(Condition(kind="feature_below", feature="need", limit=0.25), Condition(kind="spoken_to")),
    reasons="hungry\n</script>\x1b[2J",
)

CHILD = """
import os, sys
exec(open(sys.argv[1]).read())
from townlet.api import Thought
writer = DatasetWriter(sys.argv[2], spec=spec, origin=DatasetOrigin(agents=8), shard_bytes=1)
for tick in range(4):
    writer.think(64 * tick, [Thought(row=1, asked=0, failure="no")])
    writer.append(block(64))
for _, _, synced in writer._written:
    synced.result()
writer.think(999, [Thought(row=1, asked=0, failure="of a tick that was not kept")])
with open(writer._folder.path / "thoughts.jsonl", "ab") as file:
    file.write(b'{"tick":3')
os._exit(9)
"""


@pytest.fixture
def recorded(spec, origin, make_block, tmp_path: Path) -> Path:
    with DatasetWriter(tmp_path / "town", spec=spec, origin=origin) as writer:
        writer.append(make_block(10))
        writer.think(3, [Thought(row=3, asked=1, failure="no answer"), Thought(row=0, asked=3, plan=PLAN)])
        writer.think(5, [Thought(row=0, asked=3, dropped="somebody talked to it")])
        writer.close(ledger=[{"who": "*", "mind": "llm", "questions": 2}])
    return tmp_path / "town"


def test_thoughts_come_back_by_ticks_and_rows(recorded: Path) -> None:
    dataset = open_dataset(recorded)
    plan, failed, dropped = dataset.thoughts()
    assert (plan.tick, plan.world, plan.slot, plan.asked) == (3, 0, 0, 3)
    assert plan.steps == (("north", 3), ("use", 1))
    assert plan.until == (("feature_below", "need", 0.25), ("spoken_to", "", 0.0))
    assert plan.reasons == PLAN.reasons
    assert (failed.world, failed.slot, failed.failure) == (1, 1, "no answer")
    assert (dropped.tick, dropped.dropped) == (5, "somebody talked to it")
    assert dataset.manifest.ledger == ({"who": "*", "mind": "llm", "questions": 2},)
    dataset.verify()


def test_the_file_is_plain_ascii_a_line_a_thought(recorded: Path) -> None:
    lines = (recorded / THOUGHTS_NAME).read_bytes().splitlines()
    assert len(lines) == 3
    assert all(line.isascii() and line.decode().isprintable() for line in lines)
    assert RecordedThought.model_validate_json(lines[0]).line() == lines[0] + b"\n"


def test_minds_that_say_nothing_leave_no_file(spec, origin, make_block, tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "town", spec=spec, origin=origin) as writer:
        writer.append(make_block(4))
        writer.think(0, [])
    dataset = open_dataset(tmp_path / "town")
    assert (dataset.manifest.thoughts, dataset.manifest.ledger, list(dataset.thoughts())) == (None, (), [])
    assert not (tmp_path / "town" / THOUGHTS_NAME).exists()


@pytest.mark.parametrize("damage", [b"", b'{"tick": 1}\n', None])
def test_a_file_that_was_changed_or_lost_is_refused(recorded: Path, damage: bytes | None) -> None:
    if damage is None:
        (recorded / THOUGHTS_NAME).unlink()
    else:
        (recorded / THOUGHTS_NAME).write_bytes(damage)
    dataset = open_dataset(recorded)
    with pytest.raises(DatasetError, match=rf"{THOUGHTS_NAME} (was changed|is missing)"):
        dataset.verify()
    with pytest.raises(DatasetError, match=rf"{THOUGHTS_NAME} (was changed|is missing)"):
        list(dataset.thoughts())


def test_a_manifest_cannot_point_elsewhere(recorded: Path) -> None:
    document = json.loads((recorded / MANIFEST_NAME).read_text(encoding="utf-8"))
    document["thoughts"]["name"] = "../../etc/passwd"
    (recorded / MANIFEST_NAME).write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(DatasetError):
        open_dataset(recorded)


def test_what_was_said_survives_a_kill_as_far_as_its_ticks_are_whole(tmp_path: Path) -> None:
    script = Path(__file__).with_name("writer_script.txt")
    done = subprocess.run([sys.executable, "-c", CHILD, str(script), str(tmp_path / "town")], check=False)
    assert done.returncode == 9
    found = recover(tmp_path / "town")
    assert [thought.tick for thought in found.thoughts()] == [0, 64, 128, 192]
    found.verify()
