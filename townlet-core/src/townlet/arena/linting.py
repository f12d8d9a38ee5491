"""``lint``: whether the scenarios of a suite are what they say."""

from __future__ import annotations

from townlet.arena.interface import refuse_other_interfaces
from townlet.arena.matches import Setting
from townlet.arena.suites import MatchScenario, Suite
from townlet.config import TownletConfig, load_config
from townlet.errors import CheckpointError, ConfigError, MapError, UsageError
from townlet.play.reserve import reserved_in
from townlet.storage import canonical_digest

__all__ = ["lint"]


def lint(suite: Suite) -> list[str]:
    """What is wrong with a suite that can be read: each finding in one line; none is as it should be."""
    found: list[str] = []
    seen: dict[str, str] = {}
    for scenario in suite.scenarios:
        at = f"scenario {scenario.name!r}"
        key = canonical_digest(scenario.model_dump(mode="json", exclude={"name", "title", "days"}))
        if key in seen:
            found.append(f"{at} is the same as {seen[key]!r}")
        seen.setdefault(key, scenario.name)
        try:
            found += [f"{at}: {line}" for line in _faults(suite, scenario)]
        except (CheckpointError, ConfigError, MapError, UsageError) as error:
            found.append(f"{at}: {error.summary}")
    return found


def _faults(suite: Suite, scenario: MatchScenario) -> list[str]:
    config, plain = scenario.laid_over(), load_config()
    faults = []
    differs = set(_differences(config, plain))
    if any(set(scenario.background) - {"default"}):
        differs.add("minds")
    for axis in ("minds", "maps", "rules"):
        if (axis in scenario.axes) != (axis in differs):
            says, is_so = ("does not say", "does") if axis in differs else ("says", "does not")
            faults.append(f"it {says} that it differs in {axis}, and it {is_so}")
    setting = Setting.of(suite, scenario)
    refuse_other_interfaces((mind for mind, _ in setting.background), setting.config)
    fault = setting.left_out()
    if fault is not None:
        faults.append(fault)
    else:
        last = setting.seating()[-1]
        focal, agents = int(last[0]), int(last.sum())
        most = focal * 2 >= agents
        if scenario.role != "newcomer" and most != (scenario.role == "resident"):
            size = "minority" if most else "majority"
            faults.append(f"a {scenario.role} is the {size}, here {focal} of {agents} people")
    if suite.held_out and not reserved_in(config.town, suite.seeds_of(scenario)):
        faults.append("nothing of it is reserved, so a mind could have been trained on it")
    return faults


def _differences(config: TownletConfig, plain: TownletConfig) -> list[str]:
    town, other = config.town, plain.town
    found = []
    if (town.map, town.generator) != (other.map, other.generator):
        found.append("maps")
    same = {"map": other.map, "generator": other.generator}
    if town.model_copy(update=same) != other:
        found.append("rules")
    return found
