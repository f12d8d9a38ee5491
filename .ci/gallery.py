"""Makes the towns of the documentation's gallery: a scripted one, a trained one, and a day of outages.

Usage: ``python .ci/gallery.py FOLDER``. Needs the PyTorch backend: the trained town is played by a network that is
trained here, in about half a minute, so that it always fits the code that the pages are made with.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from townlet.config import load_config
from townlet.data import Dataset, open_dataset
from townlet.errors import TownletError
from townlet.play import Casting, Job, Keep, play
from townlet.training import Run, train
from townlet.viewer import film_of, page_of

__all__ = ["TOWNS", "build"]

ROOT = Path(__file__).resolve().parents[1]
_KEPT = ROOT / "build/gallery"
_OUTAGES = (
    "[{day: 0, at: 280, event: blackout, ticks: 120}, {day: 0, at: 450, event: water_outage, ticks: 150},"
    " {day: 0, at: 650, event: price_spike, target: groceries, factor: 2.0, ticks: 250}]"
)
_LESSONS = (
    "town.map=hamlet",
    "observation.variant=compact",
    "training.evaluate=false",
    "training.options.hidden=[64, 64]",
    "training.options.threads=1",
    "training.demonstrations.worlds=16",
    "training.demonstrations.ticks=10000",
    "training.bc.settings.epochs=12",
)


def _recorded(folder: Path, *changes: str, seed: int = 7, mind: str | None = None) -> Dataset:
    """A day of a town."""
    config = load_config(None, list(changes))
    keep = Keep.dataset(folder / "recording", logits=mind is not None)
    play(Job(config, Casting.of(config).cast(mind), (seed,), 1, keep=keep).lasting(1))
    return open_dataset(folder / "recording")


def _scripted(folder: Path) -> Dataset:
    return _recorded(folder)


def _outage(folder: Path) -> Dataset:
    return _recorded(folder, f"town.outside.schedule={_OUTAGES}")


def _trained(folder: Path) -> Dataset:
    """A day of hamlet, played by a network that was cloned from the scripted mind here and now."""
    with Run.begin(load_config(None, list(_LESSONS)), "bc", out=folder / "run") as run:
        result = train(run)
    return _recorded(folder, *_LESSONS[:2], mind=f"pytorch:{result.checkpoint}")


TOWNS: Mapping[str, Callable[[Path], Dataset]] = {
    "scripted": _scripted,
    "trained": _trained,
    "outage-day": _outage,
}
"""Name of the page, and what records its town in an empty folder."""


def build(target: Path) -> list[Path]:
    """Write the pages into ``target``; those of the same code are made once and kept in ``build/gallery``."""
    kept = _KEPT / _digest()
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, record in TOWNS.items():
        page = kept / f"{name}.html"
        if not page.exists():
            with tempfile.TemporaryDirectory(prefix="gallery-") as folder:
                page_of([film_of(record(Path(folder)))]).write(page)
        written.append(Path(shutil.copy(page, target)))
    return written


def _digest() -> str:
    """Of everything that the pages depend on."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    sources = sorted(path for path in ROOT.glob("townlet-*/src/**/*") if path.suffix in (".py", ".js", ".css", ".html"))
    for path in [*sources, ROOT / "constraints.txt"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def main() -> int:
    """Returns an exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    try:
        for page in build(parser.parse_args().folder):
            print(f"{page}: {page.stat().st_size / 1e6:.2f} MB")
    except TownletError as error:
        print(f"the gallery cannot be made: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
