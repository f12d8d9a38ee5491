"""The section ``observation`` of a config, field by field."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from townlet.config.observation import ObservationConfig


class TestVariant:
    def test_default(self) -> None:
        assert ObservationConfig().variant == "hybrid"

    @pytest.mark.parametrize("value", ["Hybrid", "pixels", "", 3, None])
    def test_refused(self, value: object) -> None:
        with pytest.raises(ValidationError, match="variant"):
            ObservationConfig.model_validate({"variant": value})


class TestWindow:
    def test_default(self) -> None:
        assert ObservationConfig().window == 11

    @pytest.mark.parametrize("value", [1, 33, 10, "wide", 11.5])
    def test_refused(self, value: object) -> None:
        with pytest.raises(ValidationError, match="window"):
            ObservationConfig.model_validate({"window": value})

    def test_an_even_one_is_told_why(self) -> None:
        with pytest.raises(ValidationError, match="odd, so that the agent stands in the middle"):
            ObservationConfig(window=12)


def test_unknown_key() -> None:
    with pytest.raises(ValidationError, match="windw"):
        ObservationConfig.model_validate({"windw": 11})
