"""Whether playing with the scripted mind got slower: two checkouts in turns, each with its own environment.

    python benchmarks/rollout/against.py OLD                 # OLD: a checkout with .venv-test, such as a git worktree
    python benchmarks/rollout/against.py OLD --worlds 1 --parts decisions loop
    python benchmarks/rollout/against.py OLD --check 0.98    # exit code 1 if a part is slower than that

Each checkout runs the parts of its own benchmarks/rollout/rollout.py in a process of its own; one piece here, the same
piece there, and the other way round in the next round. Told are microseconds of processor time a tick, medians over the
rounds, and the median of the ratios of neighbouring pieces: above 1 this checkout is the faster one. "engine" steps
towns in which everybody waits, so it is not part of the check: other rules of the world make other towns.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
PARTS = ("engine", "decisions", "loop", "recording", "dataset")
PROGRAM = """
import sys, tempfile, time
from pathlib import Path
sys.path.insert(0, "benchmarks/rollout")
import rollout
with tempfile.TemporaryDirectory(prefix="townlet-against-") as folder:
    parts = rollout.Parts(int(sys.argv[1]), Path(folder))
    pieces = {"engine": parts.engine_alone, "decisions": parts.decisions_alone, "loop": parts.loop,
              "recording": parts.recording, "dataset": parts.dataset}
    print("ready", flush=True)
    for line in sys.stdin:
        name = line.strip()
        began = time.process_time()
        pieces[name]()
        spent = time.process_time() - began
        print(1e6 * spent / (rollout.DAY if name == "dataset" else rollout.TICKS), flush=True)
"""


class Checkout:
    """A process that runs the parts of one checkout when it is asked.

    Args:
        folder: of the checkout.
        worlds: towns that it steps.
    """

    def __init__(self, folder: Path, worlds: int) -> None:
        python = folder / ".venv-test/bin/python"
        if not python.exists():
            sys.exit(f"{folder} has no environment of its own: {python} is missing (make .venv-test/installed there)")
        self._process = subprocess.Popen(
            [str(python), "-c", PROGRAM, str(worlds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
        self._answer()

    def spent(self, part: str) -> float:
        """Processor time of a part, microseconds a tick."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{part}\n")
        self._process.stdin.flush()
        return float(self._answer())

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit("a checkout failed; its error stands above")
        return line.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("--worlds", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--check", type=float, metavar="RATIO")
    wanted = parser.parse_args()
    old, new = Checkout(wanted.old.resolve(), wanted.worlds), Checkout(HERE, wanted.worlds)
    found: dict[str, list[tuple[float, float]]] = {part: [] for part in wanted.parts}
    for turn in range(wanted.rounds):
        for part, pairs in found.items():
            if turn % 2:
                here = new.spent(part)
                pairs.append((old.spent(part), here))
            else:
                there = old.spent(part)
                pairs.append((there, new.spent(part)))
    old.close()
    new.close()
    print(f"{f'towns: {wanted.worlds}':12} {'old, us a tick':>15} {'new, us a tick':>15} {'old over new':>13}")
    slow = []
    for part, pairs in found.items():
        ratio = statistics.median(there / here for there, here in pairs)
        before, after = (statistics.median(side) for side in zip(*pairs, strict=True))
        print(f"{part:12} {before:15.1f} {after:15.1f} {ratio:13.2f}")
        if part != "engine" and wanted.check is not None and ratio < wanted.check:
            slow.append(part)
    if slow:
        print(f"slower than {wanted.check}: {', '.join(slow)}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
