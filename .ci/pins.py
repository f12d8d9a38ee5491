"""Moves constraints.txt to the newest versions that fit together on the oldest Python, and shows what changed.

    make pins                    look, write, show
    .venv-test/bin/python .ci/pins.py --check     look and show; fails where something would move

torch stays where it is put by hand: which build of it to take is a choice of its own. Run `make test` afterwards.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Mapping

from lanes import ROOT, extras, uv_program
from pip_settings import pip_settings, uv_settings

OLDEST = "3.11"
BY_HAND = "torch"
LEFT_OUT = re.compile(r"nvidia-|cuda-|triton$|townlet-")
"""What another build of torch would bring, and what is not on an index."""
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)")


def normal(name: str) -> str:
    """A distribution's name as indices compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(text: str) -> dict[str, tuple[str, str]]:
    """Comparable name to name and version, as written in a file of pins."""
    found = [match for match in map(_PIN.match, text.splitlines()) if match]
    return {normal(match[1]): (match[1], match[2]) for match in found}


def newest(pinned_torch: str) -> dict[str, tuple[str, str]]:
    """What uv chooses today for everything that the gate installs.

    Raises:
        subprocess.CalledProcessError: nothing fits together; uv says why.
    """
    wanted = [
        f"-e ./townlet-core[{','.join(extras())}]",
        "-e ./townlet-backend-scripted",
        "-e ./townlet-backend-pytorch",
        f"{BY_HAND}=={pinned_torch}",
    ]
    command = [uv_program(), "pip", "compile", "--quiet", "--python-version", OLDEST, "--no-header", "--no-annotate"]
    done = subprocess.run(
        [*command, "requirements-dev.txt", "-"],
        cwd=ROOT,
        env={**os.environ, **uv_settings(pip_settings())},
        input="\n".join(wanted),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return {name: pin for name, pin in read_pins(done.stdout).items() if not LEFT_OUT.match(name) and name != BY_HAND}


def changes(before: Mapping[str, tuple[str, str]], after: Mapping[str, tuple[str, str]]) -> list[str]:
    """One line for each pin that moves, comes or goes."""
    lines = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, ("", "-"))[1], after.get(name, ("", "-"))[1]
        if old != new:
            lines.append(f"{name:<28} {old:>16} -> {new}")
    return lines


def rewrite(text: str, pins: Mapping[str, tuple[str, str]]) -> str:
    """The file with its head and the pin that is set by hand as they are, and the others anew."""
    lines = text.splitlines()
    kept = [line for line in lines if not _PIN.match(line) or normal(line.split("==")[0]) == BY_HAND]
    new = sorted((f"{written}=={version}" for written, version in pins.values()), key=str.lower)
    return "\n".join([*kept, *new]) + "\n"


def main(*, check: bool) -> int:
    """Returns an exit code."""
    path = ROOT / "constraints.txt"
    text = path.read_text(encoding="utf-8")
    before = read_pins(text)
    torch = before.pop(BY_HAND)[1]
    after = newest(torch)
    lines = changes(before, after)
    print("\n".join(lines or ["every pin is the newest that fits"]))
    if check:
        return 1 if lines else 0
    path.write_text(rewrite(text, after), encoding="utf-8")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where something would move")
    sys.exit(main(check=parser.parse_args().check))
