"""The town section: its defaults, and economies on which nobody could live."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from townlet.config.town import (
    EconomyConfig,
    JobsConfig,
    LivesConfig,
    NeedsConfig,
    OutsideConfig,
    QueueConfig,
    ShiftConfig,
    SocialConfig,
    TimeConfig,
    TownConfig,
)


class TestDefaults:
    def test_a_day(self):
        assert TownConfig().time.day_ticks == 1000

    def test_rules_named_in_the_world_page(self):
        assert QueueConfig().push_cooldown == 60
        assert LivesConfig().collapse_ticks == 30
        assert (LivesConfig().exits_per_day, LivesConfig().exit_gap) == (2, 120)
        assert (LivesConfig().respawn_min, LivesConfig().respawn_max) == (5, 20)
        assert (SocialConfig().chat_base, SocialConfig().chat_trust, SocialConfig().chat_familiarity) == (0.7, 0.3, 0.2)
        assert EconomyConfig().rent_days == 2

    def test_outside_events_are_on(self):
        assert OutsideConfig().enabled

    def test_the_default_wage_leaves_ten_to_twenty_percent(self):
        town = TownConfig()
        shift = town.jobs.shifts[0]
        wage = town.jobs.wage * (shift.end - shift.start)
        costs = town.economy.rent + town.economy.groceries + town.economy.shower
        assert 0.10 <= wage / costs - 1 <= 0.20

    def test_a_cafe_meal_is_dearer_than_a_cooked_one(self):
        economy = EconomyConfig()
        assert economy.meal > economy.groceries / 3


class TestRefusals:
    @pytest.mark.parametrize(
        "change",
        [
            {"jobs": {"wage": 0.05}},
            {"jobs": {"wage": 0.2}},
            {"economy": {"rent": 30.0}},
            {"economy": {"groceries": 1.0}},
            {"jobs": {"shifts": [{"start": 100, "end": 200}]}},
        ],
    )
    def test_an_economy_nobody_can_live_on(self, change):
        with pytest.raises(ValidationError, match=r"rent, three meals and a shower cost .* wage of .* to spare"):
            TownConfig.model_validate(change)

    def test_the_margin_is_a_setting(self):
        TownConfig.model_validate({"jobs": {"wage": 0.2}, "economy": {"spare_most": 5.0}})

    def test_a_shift_ends_after_it_starts(self):
        with pytest.raises(ValidationError, match="must end after it starts"):
            ShiftConfig(start=300, end=300)

    def test_shifts_do_not_overlap(self):
        with pytest.raises(ValidationError, match="must not overlap"):
            JobsConfig(shifts=(ShiftConfig(start=100, end=400), ShiftConfig(start=300, end=600)))

    def test_shifts_fit_the_day(self):
        with pytest.raises(ValidationError, match="after the day of 700 ticks"):
            TownConfig(time=TimeConfig(day_ticks=700))

    def test_newcomers_come_after_some_ticks(self):
        with pytest.raises(ValidationError, match="respawn_max"):
            LivesConfig(respawn_min=10, respawn_max=5)

    @pytest.mark.parametrize("value", [-0.1, 0.2, "fast", float("nan"), float("inf")])
    def test_needs_fall_within_bounds(self, value):
        with pytest.raises(ValidationError):
            NeedsConfig(hunger_decay=value)

    def test_unknown_keys(self):
        with pytest.raises(ValidationError):
            TownConfig.model_validate({"weather": {}})

    def test_frozen(self):
        with pytest.raises(ValidationError):
            TownConfig().map = "hamlet"  # type: ignore[misc]


class TestActions:
    def test_a_mind_decides_every_tick_unless_said_otherwise(self):
        assert TownConfig().actions == "primitive"

    def test_a_goal_is_asked_for_anew_after_twenty_ticks(self):
        assert TownConfig(actions="goals").ask_every == 20

    @pytest.mark.parametrize("every", [0, -3, 1001])
    def test_asking_more_than_once_a_tick_is_refused(self, every):
        with pytest.raises(ValidationError, match="ask_every"):
            TownConfig(actions="goals", ask_every=every)

    def test_another_space_is_refused(self):
        with pytest.raises(ValidationError, match="'primitive' or 'goals'"):
            TownConfig(actions="wishes")
