"""What a page of a recorded town weighs, how soon it opens, and how smoothly it moves.

    python benchmarks/viewer/viewer.py            # a table
    python benchmarks/viewer/viewer.py --check    # exit code 1 if a target is missed
    python benchmarks/viewer/viewer.py --json

Needs a Chromium and the package playwright. The minds of the page with minds give logits and values of pure noise: what
cannot be compressed is the most that it can weigh. Without a graphics card the browser draws on the processor, so the
frames a second are those of the slowest machine; the quickest tenth tells what neighbours on it took.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from townlet.config import load_config
from townlet.data import Dataset, DatasetWriter, open_dataset
from townlet.data.manifest import inherited_origin
from townlet.play import Cast, Job, Keep, play
from townlet.viewer import Film, film_of, page_of
from townlet.viewer.columns import pack

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TARGETS: Mapping[str, tuple[float, bool]] = {
    "own code of a page, kB": (150, False),
    "64 agents, 1,000 ticks: MB": (2, False),
    "the same with minds: MB": (6, False),
    "the same: seconds to open": (1, False),
    "64 agents: frames a second": (60, True),
    "500 agents: frames a second": (20, True),
}
"""What is asked for, and whether more is better."""

_PLAY = """(seconds) => new Promise((done) => {
  townlet.player.setSpeed(10);
  townlet.player.seek(300);
  townlet.player.toggle();
  const times = [];
  let before = performance.now();
  const end = before + seconds * 1000;
  const frame = (now) => {
    times.push(now - before);
    before = now;
    if (now < end) requestAnimationFrame(frame);
    else done(times.slice(5));
  };
  requestAnimationFrame(frame);
})"""
_DRAW = """() => {
  const view = townlet.views[0];
  const times = [];
  for (let i = 0; i < 80; i++) {
    townlet.player.position = 300 + i * 0.7;
    const before = performance.now();
    view.draw(i / 60);
    times.push(performance.now() - before);
  }
  return times;
}"""


def recorded(folder: Path, agents: int, ticks: int) -> Dataset:
    """A generated town of so many."""
    config = load_config(None, ["town.map=generated", f"town.generator.agents={agents}"])
    play(Job(config, Cast.of("scripted"), (1,), ticks, keep=Keep.dataset(folder)))
    return open_dataset(folder)


def with_noise(recording: Dataset, folder: Path) -> Dataset:
    """The same, by minds that tell logits and values."""
    rng = np.random.default_rng(1)
    origin = inherited_origin(recording.manifest).model_copy(update={"logits": True})
    with DatasetWriter(folder, spec=recording.spec, origin=origin) as writer:
        for block in recording.blocks(250):
            logits = rng.normal(size=block.action_mask.shape).astype(np.float32)
            values = rng.normal(size=block.values.shape).astype(np.float32)
            writer.append(replace(block, logits=logits, values=values))
    return open_dataset(folder)


def moved(browser: Browser, page: Path, agents: int) -> dict[str, float]:
    """How soon a page opens and how smoothly it moves."""
    opened = []
    for _ in range(5):
        tab = browser.new_page(viewport={"width": 1280, "height": 800})
        tab.goto(page.as_uri())
        tab.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
        opened.append(float(tab.evaluate("performance.getEntriesByName('ready')[0].startTime")) / 1000)
        if len(opened) < 5:
            tab.close()
    frames = sorted(tab.evaluate(_PLAY, 5))
    drawn = sorted(tab.evaluate(_DRAW))
    tab.close()
    name = f"{agents} agents"
    return {
        f"{name}: seconds to open": statistics.median(opened),
        f"{name}: frames a second": 1000 / statistics.median(frames),
        f"{name}: frames a second, quickest tenth": 1000 / frames[len(frames) // 10],
        f"{name}: milliseconds to draw": statistics.median(drawn),
        f"{name}: milliseconds to draw, quickest tenth": drawn[len(drawn) // 10],
    }


def measured() -> dict[str, float]:
    """All numbers by name."""
    bare = Film(
        "a town", {"name": "", "notes": [], "minds": False}, {"frames": pack({"tick": np.zeros((1, 1), np.int32)})}
    )
    found: dict[str, float] = {"own code of a page, kB": len(page_of([bare]).text.encode()) / 1000}
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        day = recorded(folder / "day", 64, 1000)
        without = page_of([film_of(day, minds=False)]).write(folder / "without.html")
        minds = page_of([film_of(with_noise(day, folder / "noise"))]).write(folder / "minds.html")
        crowd = page_of([film_of(recorded(folder / "crowd", 500, 600))]).write(folder / "crowd.html")
        found["64 agents, 1,000 ticks: MB"] = without.stat().st_size / 1e6
        found["the same with minds: MB"] = minds.stat().st_size / 1e6
        executable = next(filter(None, map(shutil.which, BROWSERS)))
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        small = moved(browser, minds, 64)
        found["the same: seconds to open"] = small.pop("64 agents: seconds to open")
        found |= small
        found |= moved(browser, crowd, 500)
        browser.close()
    return found


def missed(found: Mapping[str, float]) -> list[str]:
    """The targets that are not met. A browser draws 60 frames a second at most: its clock is given one percent."""
    return [name for name, (aim, more) in TARGETS.items() if (found[name] < 0.99 * aim if more else found[name] > aim)]


def main() -> int:
    """Returns an exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measured()
    if asked.json:
        told: dict[str, Any] = {"measured": found, "targets": {name: aim for name, (aim, _) in TARGETS.items()}}
        print(json.dumps(told, indent=2))
    else:
        print(f"{'':<46}{'measured':>10}{'target':>16}")
        for name, value in found.items():
            aim, more = TARGETS.get(name, (None, False))
            target = "" if aim is None else f"{'at least' if more else 'at most'} {aim:g}"
            print(f"{name:<46}{value:>10.3g}{target:>16}")
    failures = missed(found) if asked.check else []
    if failures:
        print(f"missed: {', '.join(failures)}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
