"""The names of an observation are a contract: minds, networks and datasets are written against them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from townlet.api import Affordance, ObservationSpec
from townlet.config.root import TownletConfig
from townlet.observations import build_spec, feature_names, map_channels
from townlet.world.names import ACTIONS, FACILITY_KINDS


def spec_of(**observation: object) -> ObservationSpec:
    return build_spec(TownletConfig.model_validate({"observation": observation}))


GOLDEN = {
    "hybrid": "7a258bfe1550cd1006ed8bd9590ec5d2896f2f77a86f1fbba342aa4c6d113125",
    "full": "e6ea1334039c9742b89edee5f63c20ffa87191b532debf31f0b4ad8712be08d7",
    "compact": "ab9e0cfaf911319887f26b47118ba2b4432c875bf0885b8d21ec076680796555",
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
        assert spec.feature_count == 133

    def test_compact_has_no_map(self) -> None:
        assert spec_of(variant="compact", window=21).map_shape == (0, 0, 0)

    def test_full_has_a_channel_and_a_path_for_each_kind(self) -> None:
        channels = [channel.name for channel in map_channels("full")]
        assert {f"facility_{kind}" for kind in FACILITY_KINDS} < set(channels)
        assert {f"path_{kind}" for kind in FACILITY_KINDS} < set(channels)

    def test_variants_share_their_features(self) -> None:
        names = {spec_of(variant=v).feature_names for v in ("hybrid", "full", "compact")}
        assert names == {build_spec(TownletConfig()).feature_names}

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

    def test_what_depends_on_the_town_comes_last(self) -> None:
        own = (Affordance("nap", "bed"), Affordance("sleep", "bed"))
        assert feature_names()[-2:] == ("context_reset", "doing_none")
        assert feature_names(own) == (*feature_names(), "doing_nap", "doing_sleep")

    def test_every_feature_says_what_it_is(self) -> None:
        spec = build_spec(TownletConfig())
        assert [f.name for f in spec.features if not f.description] == []
        assert [a.name for a in spec.actions if not a.description] == []
        assert [c.name for c in spec.channels if not c.description] == []
