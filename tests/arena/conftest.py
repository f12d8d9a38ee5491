"""A small suite of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from townlet.arena import Suite, load_suite

MINE = """
name: mine
title: Pushers
first_seed: 1000
seeds: 3
minds:
  pusher: {options: {preset: pusher}}
  host: {options: {preset: host}}
scenarios:
  - name: pushed
    title: One among three who push in
    axes: [minds, maps]
    config: {town: {map: hamlet}}
    focal: "25%"
    background: {host: 0.34, pusher: 0.66}
    role: visitor
    days: [0.2, 0.3]
  - name: crowd
    title: Three and a host
    axes: [minds, maps]
    config: {town: {map: hamlet}}
    focal: "75%"
    background: {host: 1.0}
    role: resident
    days: [0.2, 0.3]
"""


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    (tmp_path / "mine.yaml").write_text(MINE, encoding="utf-8")
    return load_suite(tmp_path / "mine.yaml")
