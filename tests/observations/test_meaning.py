"""What the spec says of an observation is true: ranges, scales, codes, in odd towns, against the state itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from townlet.api import ObservationSpec
from townlet.config.root import TownletConfig
from townlet.envs import TownEngine
from townlet.observations import build_spec
from townlet.world.names import FACILITY_KINDS, GOALS
from townlet.world.state import QUEUE_PLACES
from townlet.world.tables import UNREACHABLE

MANIFEST = """
schema: 1
affordances:
  - {id: nap, facility: bed, duration: 30, requires: ["energy<=0.5"], effects: {tick: {energy: 0.01}}}
  - {id: sleep, facility: bed, duration: 90, effects: {tick: {energy: 0.005}}}
  - {id: bath, facility: shower, duration: 50, requires: [water], effects: {tick: {hygiene: 0.02}}}
  - {id: soup, facility: stove, duration: 12, requires: ["groceries>=1"], effects: {end: {groceries: -1, meals: 2}}}
  - {id: feast, facility: table, duration: 5, requires: ["meals>=1"], effects: {end: {meals: -1, hunger: 0.9}}}
  - {id: buy, facility: till, duration: 3, requires: ["money>=price_groceries", "stock>=1"],
     effects: {end: {money: [-1, price_groceries], groceries: 4, stock: -1}}}
  - {id: toil, facility: desk, duration: 60, requires: [in_shift], effects: {tick: {money: [1, wage]}}}
  - {id: stretch, facility: bench, duration: 4, effects: {tick: {energy: 0.001}}, sociable: true}
  - {id: doze, facility: bench, duration: 9, effects: {tick: {energy: 0.002}}}
"""

PINCH = [
    {"event": "price_spike", "at": 5, "ticks": 90, "target": "groceries", "factor": 10},
    {"event": "price_spike", "at": 30, "ticks": 90, "target": "meal", "factor": 3.3},
    {"event": "blackout", "at": 10, "ticks": 30},
    {"event": "water_outage", "at": 50, "ticks": 30},
    {"event": "closure", "at": 20, "ticks": 60, "target": "bed"},
]
DAY = {"day_ticks": 130, "hour_ticks": 7}
SHIFTS = {"shifts": [{"start": 10, "end": 60}, {"start": 60, "end": 130}], "late_fee": 3}
POOR = {"rent": 40, "rent_days": 3, "spare_least": -1, "spare_most": 1000, "start_groceries": 9}


def odd_town(folder: Path, variant: str) -> TownletConfig:
    """A short day of two shifts, high rent, shortages, and affordances of its own."""
    manifest = folder / "own.yaml"
    manifest.write_text(MANIFEST)
    return TownletConfig.model_validate(
        {
            "town": {
                "map": "hamlet",
                "affordances": str(manifest),
                "time": DAY,
                "jobs": SHIFTS,
                "economy": POOR,
                "queues": {"push_cooldown": 25},
                "outside": {"schedule": PINCH},
            },
            "observation": {"variant": variant, "window": 5},
        }
    )


def in_goals(config: TownletConfig) -> TownletConfig:
    """The same town, whose minds choose goals."""
    town = config.town.model_copy(update={"actions": "goals", "ask_every": 6})
    return config.model_copy(update={"town": town})


def lived(engine: TownEngine, ticks: int) -> Iterator[int]:
    """Random lives; now and then somebody is handed or robbed of something."""
    random, agents = np.random.default_rng(7), engine.state.agents
    observed = engine.observe()
    for tick in range(ticks):
        weights = random.random(observed.action_mask.shape) * observed.action_mask
        weights[:, 5:7] *= 3  # use, or goals: for things to happen
        observed = engine.step(weights.argmax(1)).observations
        if tick % 9 == 0:
            shape, idle = agents.money.shape, agents.present & (agents.activity < 0)  # others have paid in advance
            agents.money[:] = np.where(idle, random.integers(0, 400, shape), agents.money)
            agents.groceries[:] = np.where(idle, random.integers(0, 9, shape), agents.groceries)
            agents.meals[:] = np.where(idle, random.integers(0, 9, shape), agents.meals)
            agents.energy[:] = np.where(idle, random.random(shape), agents.energy)
            observed = engine.observe()
        yield tick


def numbers(engine: TownEngine, w: int, a: int) -> dict[str, float]:
    """The town's own numbers behind the features of one agent, from state and tables."""
    agents, outside, rules = engine.state.agents, engine.state.outside, engine.tables.rules
    objects, now = engine.state.objects, int(engine.state.clock.tick[w]) % rules.day_ticks
    job, o, doing = int(agents.job[w, a]), int(agents.queue_object[w, a]), int(agents.activity[w, a])
    posts, table = engine.tables.posts, engine.tables.affordances
    on = job >= 0 and bool(agents.in_shift[w, a])
    found = {
        **{f"need_{need}": float(getattr(agents, need)[w, a]) for need in ("hunger", "energy", "hygiene")},
        "wallet": float(agents.money[w, a]),
        "rent_unpaid": agents.rent_unpaid[w, a] / rules.rent_days,
        "groceries": float(agents.groceries[w, a]),
        "meals": float(agents.meals[w, a]),
        "time_sin": now,
        "time_cos": now,
        "has_job": float(job >= 0),
        "in_shift": float(on),
        "to_shift_start": (int(posts.start[job]) - now) % rules.day_ticks if job >= 0 and not on else 0,
        "to_shift_end": int(posts.end[job]) - now if on else 0,
        "lateness": float(agents.late_ticks[w, a]),
        "attendance": float(agents.attendance[w, a]),
        "in_queue": float(o >= 0),
        "queue_place": 1 + list(objects.queue[w, o]).index(a) if o >= 0 else 0,
        "queue_length": int(objects.queue_length[w, o]) if o >= 0 else 0,
        "push_cooldown": agents.push_cooldown[w, a] / max(rules.push_cooldown, 1),
        "power": float(outside.power[w]),
        "water": float(outside.water[w]),
        "price_groceries": outside.prices[w, 0] / rules.base_groceries,
        "price_meal": outside.prices[w, 1] / rules.base_meal,
        "blocked": agents.blocked_tries[w, a] / rules.ghost_after,
        "activity_left": agents.activity_left[w, a] / table.duration[doing] if doing >= 0 else 0,
        "doing_none": float(doing < 0),
        **{f"doing_{name}": float(doing == k) for k, name in enumerate(engine.town.affordances)},
    }
    if engine.spec.action_space == "goals":
        found.update({f"goal_{name}": float(agents.goal[w, a] == k) for k, name in enumerate(GOALS)})
    for kind in ("shower", "stove", "table", "till", "counter", "bench"):
        found.update(_kind_numbers(engine, w, a, kind))
    return found


def _kind_numbers(engine: TownEngine, w: int, a: int, kind: str) -> dict[str, float]:
    agents, objects, ground = engine.state.agents, engine.state.objects, engine.tables.map
    y, x, k = int(agents.y[w, a]), int(agents.x[w, a]), FACILITY_KINDS.index(kind)
    steps, o = int(ground.kind_distance[y, x, k]), int(ground.kind_nearest[y, x, k])
    if steps == UNREACHABLE:
        return {f"{kind}_distance": np.inf, f"{kind}_queue": 0}
    return {
        f"{kind}_distance": steps,
        f"{kind}_queue": int(objects.user[w, o] >= 0) + int(objects.queue_length[w, o]),
    }


CONFIGS: dict[str, Callable[[Path], TownletConfig]] = {
    "odd hybrid": lambda folder: odd_town(folder, "hybrid"),
    "odd full": lambda folder: odd_town(folder, "full"),
    "odd goals": lambda folder: in_goals(odd_town(folder, "compact")),
    "riverside": lambda folder: TownletConfig(),
}


@pytest.fixture(params=CONFIGS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> TownEngine:
    return TownEngine(CONFIGS[request.param](tmp_path), [3, 4])


def test_every_value_lies_within_its_range_and_every_cell_in_its_code_table(engine: TownEngine) -> None:
    spec = engine.spec
    low = np.array([feature.low for feature in spec.features], np.float32)
    high = np.array([feature.high for feature in spec.features], np.float32)
    for _ in lived(engine, 400):
        seen = engine.observe()
        for wrong in (seen.features < low, seen.features > high):
            assert not wrong.any(), [spec.feature_names[f] for f in np.flatnonzero(wrong.any(0))]
        for c, channel in enumerate(spec.channels):
            cells = np.unique(seen.map[:, c])
            assert channel.low <= cells.min() <= cells.max() <= channel.high
            if channel.codes:
                assert set(cells.tolist()) <= {code.value for code in channel.codes}, channel.name
        for f, feature in enumerate(spec.features):
            if feature.codes:
                assert set(seen.features[:, f].tolist()) <= {code.value for code in feature.codes}, feature.name


def test_scales_give_the_towns_numbers_and_back(engine: TownEngine) -> None:
    spec, compared = engine.spec, set()
    for tick in lived(engine, 300):
        if tick % 7:
            continue
        seen = engine.observe()
        for row in np.flatnonzero(seen.active):
            w, a = divmod(int(row), engine.agents)
            assert spec.tick_of_day(seen.features[row]) == engine.state.clock.tick[w] % spec.day_ticks
            for name, number in numbers(engine, w, a).items():
                value = seen.features[row, spec.feature_index(name)]
                feature = spec.feature(name)
                assert value == pytest.approx(float(feature.encode(number)), abs=2e-6), name
                if feature.low < value < feature.high and feature.transform.kind not in ("sine", "cosine"):
                    assert float(feature.decode(value)) == pytest.approx(number, rel=2e-4, abs=2e-4), name
                    compared.add(name)
    assert {"wallet", "groceries", "to_shift_start", "to_shift_end", "activity_left", "till_distance"} <= compared


def test_the_features_are_those_of_the_towns_own_affordances(tmp_path: Path) -> None:
    engine = TownEngine(odd_town(tmp_path, "compact"), [3])
    spec = engine.spec
    assert [a.name for a in spec.affordances] == list(engine.town.affordances)
    assert spec.affordances_of("bench") == ("stretch", "doze")
    assert spec.affordances_of("counter") == ()
    assert spec.feature_names[-9:] == tuple(f"doing_{name}" for name in engine.town.affordances)
    done = {int(k) for _ in lived(engine, 400) for k in engine.state.agents.activity[0]} - {-1}
    assert len(done) >= 5  # so that the tests above saw somebody do this and that


def test_goals_are_actions_and_features_of_their_own(tmp_path: Path) -> None:
    primitive = odd_town(tmp_path, "compact")
    spec = build_spec(in_goals(primitive))
    assert spec.action_names == GOALS
    assert spec.feature_names == (*build_spec(primitive).feature_names, *(f"goal_{goal}" for goal in GOALS))
    assert spec.first_difference(build_spec(primitive)) == "the action space is 'goals' here and 'primitive' there"


def test_another_manifest_or_day_is_another_spec(tmp_path: Path) -> None:
    usual = build_spec(TownletConfig.model_validate({"observation": {"variant": "compact"}}))
    found = usual.differences(build_spec(odd_town(tmp_path, "compact")))
    assert found[0] == "the length of a day in ticks is 1000 here and 130 there"
    assert found[1].startswith("affordance 'shower', 'cook', 'eat', 'buy_groceries', 'buy_meal' and 2 more is missing")


def test_another_map_and_other_prices_are_the_same_interface() -> None:
    other = {"map": "hamlet", "economy": {"rent": 12.0, "groceries": 11.0}, "queues": {"push_cooldown": 9}}
    assert build_spec(TownletConfig.model_validate({"town": other})) == build_spec(TownletConfig())


def test_a_path_channel_tells_the_steps(tmp_path: Path) -> None:
    engine = TownEngine(odd_town(tmp_path, "full"), [3])
    channel, c = next((ch, c) for c, ch in enumerate(engine.spec.channels) if ch.name == "path_till")
    seen = engine.observe().map[0, c]
    y, x = int(engine.state.agents.y[0, 0]), int(engine.state.agents.x[0, 0])
    till = FACILITY_KINDS.index("till")
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            if 0 <= y + dy < 12 and 0 <= x + dx < 12:
                steps = int(engine.tables.map.kind_distance[y + dy, x + dx, till])
                expected = 0 if steps == UNREACHABLE else int(channel.transform.apply(steps))
                assert seen[2 + dy, 2 + dx] == expected


def test_the_queue_codes_reach_as_far_as_a_queue() -> None:
    spec: ObservationSpec = build_spec(TownletConfig())
    codes = {code.value for code in spec.channels[spec.channel_index("queue_or_occupied")].codes}
    assert {40 * n for n in range(QUEUE_PLACES + 1)} | {255} == codes
