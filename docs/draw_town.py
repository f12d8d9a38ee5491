"""Draws the picture of a town that README.md shows: python docs/draw_town.py"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import image

from townlet.config import load_config
from townlet.envs import render_rgb
from townlet.envs.engine import TownEngine
from townlet.minds.runtime import PolicyRuntime
from townlet.rollout import SimulationLoop

TICK = 3420
"""The middle of the fourth day's working hours: people at desks, on their way, at the shower."""

if __name__ == "__main__":
    config = load_config()
    engine = TownEngine(config, [7])
    mind = PolicyRuntime.from_config(config, engine.spec, on_missing="error")
    SimulationLoop(engine, mind).run(TICK)
    target = Path(__file__).parent / "images" / "riverside.png"
    target.parent.mkdir(exist_ok=True)
    image.imsave(target, np.asarray(render_rgb(engine)))
    print(f"wrote {target}")
