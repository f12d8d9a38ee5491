"""The whole town section, and the check that one can live on its wages."""

from __future__ import annotations

from pydantic import Field, model_validator

from townlet.api import ActionSpace
from townlet.config.model import Section
from townlet.config.town.economy import EconomyConfig
from townlet.config.town.jobs import JobsConfig
from townlet.config.town.lives import LivesConfig
from townlet.config.town.needs import NeedsConfig
from townlet.config.town.outside import OutsideConfig
from townlet.config.town.place import GeneratorConfig, MovementConfig, QueueConfig, TimeConfig
from townlet.config.town.social import SocialConfig

__all__ = ["SHIPPED_MANIFESTS", "SHIPPED_MAPS", "TownConfig"]

SHIPPED_MAPS = (
    *("barracks", "canal", "causeway", "cloister", "courtyard", "hamlet", "islands"),
    *("market", "mill", "outpost", "quarter", "riverside", "terrace", "tower"),
)
"""Names of maps that are part of Townlet; ``generated`` is drawn, and every other name is the path of a file."""

SHIPPED_MANIFESTS = ("core",)
"""Names of affordance manifests that are part of Townlet."""


class TownConfig(Section):
    """Everything about the town itself."""

    map: str = Field(
        "riverside",
        min_length=1,
        description="Name of a shipped map (`riverside`, `hamlet`, ...), `generated`, or the path of a map file.",
    )
    affordances: str = Field("core", min_length=1, description="`core` or the path of an affordance manifest.")
    files: dict[str, str] = Field(
        default_factory=dict,
        description="What the files hold that map and affordances name, by those names. Filled in when a config is "
        "read, so that it travels whole; a file that is not in here is read where it is used.",
    )
    actions: ActionSpace = Field(
        "primitive",
        description="What a mind decides: primitive, a step or an act in every tick; goals, which kind of facility to "
        "go to and use (or to stay, or to talk), which core pursues until it is done, impossible, or up for review.",
    )
    ask_every: int = Field(
        20, ge=1, le=1000, description="Ticks after which a mind is asked for a goal again; only with actions: goals."
    )
    generator: GeneratorConfig = Field(default_factory=GeneratorConfig, description="Used by `map: generated`.")
    time: TimeConfig = Field(default_factory=TimeConfig, description="Length of a day.")
    movement: MovementConfig = Field(default_factory=MovementConfig, description="Collisions.")
    queues: QueueConfig = Field(default_factory=QueueConfig, description="Waiting.")
    needs: NeedsConfig = Field(default_factory=NeedsConfig, description="Needs.")
    jobs: JobsConfig = Field(default_factory=JobsConfig, description="Work.")
    economy: EconomyConfig = Field(default_factory=EconomyConfig, description="Money.")
    social: SocialConfig = Field(default_factory=SocialConfig, description="Chats and ties.")
    outside: OutsideConfig = Field(default_factory=OutsideConfig, description="Events from outside.")
    lives: LivesConfig = Field(default_factory=LivesConfig, description="Exits and newcomers.")

    def text_of(self, name: str) -> str | None:
        """What the file held that ``map`` or ``affordances`` calls ``name``; None if it has not been read."""
        return self.files.get(name)

    @model_validator(mode="after")
    def _shifts_fit_the_day(self) -> TownConfig:
        for shift in self.jobs.shifts:
            if shift.end > self.time.day_ticks:
                raise ValueError(f"a shift ends at {shift.end}, after the day of {self.time.day_ticks} ticks")
        return self

    @model_validator(mode="after")
    def _one_can_live_on_the_wage(self) -> TownConfig:
        costs = self.economy.rent + self.economy.groceries + self.economy.shower
        least, most = self.economy.spare_least, self.economy.spare_most
        for shift in self.jobs.shifts:
            wage = self.jobs.wage * (shift.end - shift.start)
            if not costs * (1 + least) - 1e-9 <= wage <= costs * (1 + most) + 1e-9:
                raise ValueError(
                    f"the shift {shift.start}-{shift.end} earns {wage:.2f} a day; rent, three meals and a shower cost "
                    f"{costs:.2f}, and a wage of {costs * (1 + least):.2f} to {costs * (1 + most):.2f} leaves "
                    f"{least:.0%} to {most:.0%} to spare; change jobs.wage, economy or economy.spare_*"
                )
        return self
