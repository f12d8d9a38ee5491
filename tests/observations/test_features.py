"""The names of an observation are a contract: minds, networks and datasets are written against them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from townlet.api import ObservationSpec
from townlet.config.root import TownletConfig
from townlet.observations import build_spec, feature_names, map_channels
from townlet.world.names import ACTIONS, FACILITY_KINDS


def spec_of(**observation: object) -> ObservationSpec:
    return build_spec(TownletConfig.model_validate({"observation": observation}))


GOLDEN = {
    "hybrid": "a7a49546821ead76ec93403a5f1b80e9be3d155e210b4a6e8ed7d6c2cad4e70a",
    "full": "2ea8b5f354a0be5f498d29696d51be229b4c5dfc66f3b28e8556a18fd540b206",
    "compact": "d84cd7a871685b4e76e3498e76d4c8abb6c9e97836b97b31d6a3c82ab066d313",
}


class TestSpec:
    @pytest.mark.parametrize("variant", GOLDEN)
    def test_golden_fingerprint(self, variant: str) -> None:
        """A change here breaks every dataset and checkpoint there is: bump them knowingly."""
        assert spec_of(variant=variant).fingerprint() == GOLDEN[variant]

    def test_default_is_hybrid_of_eleven(self) -> None:
        spec = build_spec(TownletConfig())
        assert spec.variant == "hybrid"
        assert spec.map_shape == (4, 11, 11)
        assert spec.action_names == ACTIONS
        assert spec.features == 133

    def test_compact_has_no_map(self) -> None:
        assert spec_of(variant="compact", window=21).map_shape == (0, 0, 0)

    def test_full_has_a_channel_and_a_path_for_each_kind(self) -> None:
        channels = map_channels("full")
        assert {f"facility_{kind}" for kind in FACILITY_KINDS} < set(channels)
        assert {f"path_{kind}" for kind in FACILITY_KINDS} < set(channels)

    def test_variants_share_their_features(self) -> None:
        assert {spec_of(variant=v).feature_names for v in ("hybrid", "full", "compact")} == {feature_names()}

    @pytest.mark.parametrize("window", [3, 7, 31])
    def test_window(self, window: int) -> None:
        assert spec_of(window=window).map_shape == (4, window, window)

    def test_fingerprint_follows_window(self) -> None:
        assert spec_of(window=9).fingerprint() != spec_of(window=11).fingerprint()


class TestNames:
    def test_each_kind_has_eight_parts_in_a_row(self) -> None:
        names = feature_names()
        for kind in FACILITY_KINDS:
            at = names.index(f"{kind}_north")
            parts = [name.removeprefix(f"{kind}_") for name in names[at : at + 8]]
            assert parts == ["north", "east", "south", "west", "distance", "queue", "usable", "here"]

    def test_kinds_follow_each_other(self) -> None:
        names = feature_names()
        starts = [names.index(f"{kind}_north") for kind in FACILITY_KINDS]
        assert [b - a for a, b in pairwise(starts)] == [8] * 7

    def test_ends_with_the_context_reset_flag(self) -> None:
        assert feature_names()[-1] == "context_reset"
