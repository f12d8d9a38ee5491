"""Draws the picture of a town that the how-to on environments shows: python docs/draw_town.py"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import image

from townlet.config import load_config
from townlet.envs import render_rgb
from townlet.envs.engine import TownEngine
from townlet.play import Cast, Job, Stage

TICK = 3420
"""The middle of the fourth day's working hours: people at desks, on their way, at the shower."""

if __name__ == "__main__":
    config = load_config()
    stage = Stage(Job(config, Cast.of("scripted"), (7,), TICK))
    stage.run(TICK)
    engine = stage.engine
    assert isinstance(engine, TownEngine)
    target = Path(__file__).parent / "images" / "riverside.png"
    target.parent.mkdir(exist_ok=True)
    image.imsave(target, np.asarray(render_rgb(engine)))
    print(f"wrote {target}")
