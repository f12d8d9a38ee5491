"""The section ``rewards`` of a config: defaults that matter, bounds of every field."""

from __future__ import annotations

import annotated_types
import pytest
from pydantic import ValidationError

from townlet.config.rewards import RewardsConfig
from townlet.rewards import RewardSettings, settings_of

NUMBERS = [name for name, field in RewardsConfig.model_fields.items() if field.annotation in (int, float)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hunger_weight", 1.0),
        ("energy_weight", 0.8),
        ("hygiene_weight", 0.6),
        ("shaping_scale", 0.0),
        ("avoided_conflict", 0.005),
        ("chat_base", 0.01),
        ("chat_trust", 0.3),
        ("chat_familiarity", 0.2),
        ("social_need_floor", 0.15),
        ("tick_bound", 0.2),
        ("episode_bound", 50.0),
        ("exit_hold", 10),
        ("social_stage", "C1"),
    ],
)
def test_default(field: str, value: object) -> None:
    assert getattr(RewardsConfig(), field) == value


@pytest.mark.parametrize("field", NUMBERS)
class TestEveryNumber:
    def test_not_string(self, field: str) -> None:
        with pytest.raises(ValidationError, match=field):
            RewardsConfig.model_validate({field: "much"})

    def test_not_below_its_bound(self, field: str) -> None:
        with pytest.raises(ValidationError, match=field):
            RewardsConfig.model_validate({field: -1})

    def test_finite(self, field: str) -> None:
        with pytest.raises(ValidationError, match=field):
            RewardsConfig.model_validate({field: float("inf")})

    def test_says_what_it_means(self, field: str) -> None:
        info = RewardsConfig.model_fields[field]
        assert info.description
        assert any(isinstance(limit, annotated_types.Ge | annotated_types.Gt) for limit in info.metadata)

    def test_reaches_the_compiled_settings(self, field: str) -> None:
        changed = RewardsConfig.model_validate({field: {"episode_ticks": 17, "exit_hold": 3}.get(field, 0.0625)})
        assert getattr(settings_of(changed), field) == getattr(changed, field)


def test_settings_have_every_number_and_nothing_else() -> None:
    assert set(RewardSettings._fields) == set(NUMBERS)


@pytest.mark.parametrize("stage", ["c1", "C4", "", 1])
def test_unknown_stage(stage: object) -> None:
    with pytest.raises(ValidationError, match="social_stage"):
        RewardsConfig.model_validate({"social_stage": stage})
