"""Fixtures for the tests of backends and observers: ``pytest_plugins = ["townlet.testing.fixtures"]`` in a conftest.

Nothing of this is loaded unless it is asked for so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from townlet.data import Dataset
from townlet.envs import BanditTown
from townlet.testing.recording import RecordingObserver, write_fixed_dataset
from townlet.testing.scenes import StagedTown, everyday_scene
from townlet.testing.site import PluginSite, isolated_site

__all__ = ["bandit_town", "fixed_dataset", "hamlet", "make_hamlet", "plugin_site", "recording_observer"]


@pytest.fixture
def plugin_site(tmp_path: Path) -> Iterator[PluginSite]:
    """An isolated plugin layer: Townlet sees what the test installs in it, and nothing else."""
    with isolated_site(tmp_path / "plugin-site") as site:
        yield site


@pytest.fixture
def make_hamlet() -> Callable[..., StagedTown]:
    """Makes hamlets in a known state: ``make_hamlet(config)``."""
    return everyday_scene


@pytest.fixture
def hamlet() -> StagedTown:
    """A hamlet: Alice hungry at the stove, Bob tired in bed, Carol dirty in the shower, Dave content on a bench."""
    return everyday_scene()


@pytest.fixture
def bandit_town() -> BanditTown:
    """Two worlds of four in front of four doors with a sign: solved by whoever reads the sign."""
    return BanditTown([1, 2])


@pytest.fixture
def recording_observer(plugin_site: PluginSite) -> RecordingObserver:
    """An observer that keeps the summaries and reports it is told of."""
    return RecordingObserver(plugin_site)


@pytest.fixture
def fixed_dataset(tmp_path: Path) -> Dataset:
    """A small dataset of the bandit town, the same on every machine."""
    return write_fixed_dataset(tmp_path / "fixed-dataset")
