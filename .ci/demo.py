"""``make demo``: a day in the default town, recorded, looked at, played back and drawn.

Prints each command before it runs it, so that it can be repeated by hand.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path


def main(out: Path) -> int:
    """Runs the commands into the folder ``out``, which is emptied first; returns an exit code."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    dataset, page = out / "dataset", out / "town.html"
    live = ["--live", "--speed", "200"] if sys.stdout.isatty() else []
    for words in (
        ["backends", "list"],
        ["run", "--days", "1", "--seed", "7", "--record", str(dataset), *live],
        ["dataset", "inspect", str(dataset)],
        ["replay", str(dataset)],
        ["inspect", str(dataset), "--agent", "alice", "--tick", "500"],
        ["report", str(dataset), "--out", str(page)],
    ):
        print(f"\n$ townlet {shlex.join(words)}", flush=True)
        code = subprocess.run([sys.executable, "-m", "townlet", *words], check=False).returncode
        if code:
            return code
    print(f"\nThe recording is in {dataset}, the pictures are in {page}: open it in a browser.")
    print("Next:  townlet --help, README.md, docs/tutorial/")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
