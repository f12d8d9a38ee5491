"""Takes the picture of the viewer's page that README.md shows: python docs/draw_page.py

Needs a Chromium and the package playwright; the picture is small since its colours are few.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from townlet.config import load_config
from townlet.data import open_dataset
from townlet.play import Cast, Job, Keep, play
from townlet.viewer import film_of, page_of

MOMENT = "#t=471&agent=grace"
"""Late morning: people at desks, in a queue, at a table."""
SIZE = (1280, 800)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

if __name__ == "__main__":
    target = Path(__file__).parent / "images" / "viewer.png"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        keep = Keep.dataset(Path(folder) / "day")
        play(Job(load_config(), Cast.of("scripted"), (7,), 1, keep=keep).lasting(1))
        written = page_of([film_of(open_dataset(Path(folder) / "day"))]).write(Path(folder) / "town.html")
        executable = next(filter(None, map(shutil.which, BROWSERS)))
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="light")
        page.goto(written.as_uri() + MOMENT)
        page.wait_for_selector("#panel-agent .options .bar")
        page.wait_for_timeout(500)
        picture = Image.open(io.BytesIO(page.screenshot()))
        browser.close()
    picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"wrote {target} ({target.stat().st_size / 1e3:.0f} kB)")
