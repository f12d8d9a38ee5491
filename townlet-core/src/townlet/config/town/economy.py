"""Money: rent, prices, stock, what a newcomer brings along."""

from __future__ import annotations

from pydantic import Field

from townlet.config.model import Section

__all__ = ["EconomyConfig"]


class EconomyConfig(Section):
    """A day's wage must cover rent, three cooked meals and a shower with 10 to 20 % to spare; see TownConfig."""

    rent: float = Field(11.0, ge=0, le=10_000, description="Coins a day, due at its start.")
    rent_days: int = Field(2, ge=1, le=100, description="Days of unpaid rent after which an agent is evicted.")
    groceries: float = Field(12.0, gt=0, le=10_000, description="Coins for a basket of groceries (three meals).")
    meal: float = Field(7.0, gt=0, le=10_000, description="Coins for a meal in the cafe.")
    shower: float = Field(1.0, ge=0, le=10_000, description="Coins for a shower in the gym, for the check only.")
    stock_till: float = Field(60.0, gt=0, le=1e6, description="Baskets a till has at the start of each day.")
    stock_counter: float = Field(60.0, gt=0, le=1e6, description="Meals a counter has at the start of each day.")
    spare_least: float = Field(0.10, ge=-1, le=10, description="Least share of the day's costs that must be left over.")
    spare_most: float = Field(0.20, ge=-1, le=1000, description="Greatest share of the day's costs left over.")
    start_money: float = Field(30.0, ge=0, le=10_000, description="Coins that a newcomer brings.")
    start_groceries: int = Field(2, ge=0, le=100, description="Groceries that a newcomer brings.")
    start_meals: int = Field(1, ge=0, le=100, description="Meals that a newcomer brings.")
    start_need: float = Field(0.8, gt=0, le=1, description="Lowest level of a newcomer's needs.")
