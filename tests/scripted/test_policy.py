"""The contract, held over any observation; options; identity."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from townlet.api import (
    FLAG,
    Affordance,
    Feature,
    ObservationBatch,
    ObservationSpec,
    PolicyBackendProtocol,
    PolicyRequest,
    Transform,
)
from townlet.config import TownletConfig
from townlet.errors import CheckpointError, ContractError
from townlet.observations import build_spec
from townlet_backend_scripted import ScriptedOptions, ScriptedPolicy
from townlet_backend_scripted.options import PRESETS
from townlet_backend_scripted.plugin import townlet_backend_options, townlet_create_policy


def anything(spec: ObservationSpec, rows: int, seed: int) -> ObservationBatch:
    """Observations that no town would give: every feature anything from -1 to 1, any mask with ``wait``."""
    rng = np.random.default_rng(seed)
    batch = ObservationBatch.empty(spec, rows)
    batch.features[:] = np.round(rng.uniform(-1, 1, batch.features.shape), 1)
    batch.action_mask[:, 1:] = rng.random((rows, spec.action_count - 1)) < 0.5
    batch.active[:] = rng.random(rows) < 0.9
    batch.action_mask[~batch.active, 1:] = False
    return batch


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 40), space=st.sampled_from(["primitive", "goals"]))
def test_a_masked_action_is_never_chosen(seed, rows, space):
    spec = build_spec(TownletConfig.model_validate({"observation": {"variant": "compact"}, "town": {"actions": space}}))
    policy = ScriptedPolicy(spec, ScriptedOptions())
    batch = anything(spec, rows, seed)
    before = batch.copy()
    actions = policy.decide(batch, policy.initial_state(rows, 0)).actions
    assert batch.action_mask[np.arange(rows), actions].all()
    np.testing.assert_array_equal(batch.features, before.features)
    alone = [
        int(policy.decide(batch.take(slice(r, r + 1)), policy.initial_state(1, 9)).actions[0]) for r in range(rows)
    ]
    assert actions.tolist() == alone, "a row's answer depends on that row only"


def test_it_is_a_function_of_the_observation(mind, spec):
    batch = anything(spec, 200, 1)
    state = mind.initial_state(200, 3)
    assert state.arrays() == {}
    first = mind.decide(batch, state)
    second = mind.decide(batch, first.state, explore=True)
    np.testing.assert_array_equal(first.actions, second.actions)
    np.testing.assert_array_equal(first.log_probs, 0)


def test_an_empty_town_is_no_problem(mind, spec):
    assert mind.decide(ObservationBatch.empty(spec, 0), mind.initial_state(0, 0)).actions.shape == (0,)


def test_observations_may_be_views_with_gaps(mind, spec):
    wide = anything(spec, 60, 2)
    every_third = wide.take(slice(0, None, 3))
    assert not every_third.features.flags.c_contiguous
    np.testing.assert_array_equal(
        mind.decide(every_third, mind.initial_state(20, 0)).actions,
        mind.decide(wide, mind.initial_state(60, 0)).actions[::3],
    )


def test_the_fingerprint_tells_minds_apart(spec):
    minds = [ScriptedPolicy(spec, ScriptedOptions(**o)) for o in ({}, {"patience": 1}, {"eat_below": 0.61})]
    assert len({mind.fingerprint() for mind in minds}) == 3
    assert minds[0].fingerprint() == ScriptedPolicy(spec, ScriptedOptions()).fingerprint()


def test_a_missing_feature_is_named(spec):
    dry = replace(spec, features=tuple(feature for feature in spec.features if feature.name != "water"))
    with pytest.raises(ContractError, match="'water'"):
        ScriptedPolicy(dry, ScriptedOptions())


def test_a_missing_kind_of_facility_is_named(spec):
    kinds = tuple(kind for kind in spec.facility_kinds if kind != "stove")
    cold = replace(spec, facility_kinds=kinds, affordances=tuple(a for a in spec.affordances if a.facility != "stove"))
    with pytest.raises(ContractError, match="'stove'"):
        ScriptedPolicy(cold, ScriptedOptions())


def test_another_scale_changes_no_decision(spec):
    """Thresholds are in the town's units: what is twice as large in the array means the same."""
    wide = {
        "wallet": Transform("saturating", 400),
        "groceries": Transform("scaled", 50),
        "meals": Transform("scaled", 9),
    }
    other = replace(spec, features=tuple(replace(f, transform=wide.get(f.name, f.transform)) for f in spec.features))
    rng = np.random.default_rng(3)
    batch = anything(spec, 500, 3)
    shown = batch.copy()
    for name, most in (("wallet", 60), ("groceries", 5), ("meals", 5)):
        at, has = spec.feature_index(name), rng.integers(0, most, 500)
        batch.features[:, at] = spec.feature(name).encode(has)
        shown.features[:, at] = other.feature(name).encode(has)
    minds = ScriptedPolicy(spec, ScriptedOptions()), ScriptedPolicy(other, ScriptedOptions())
    assert minds[0].rules_of(batch) == minds[1].rules_of(shown)
    assert len(set(minds[0].rules_of(batch))) > 8


def test_a_nap_is_sleep_and_a_town_without_rest_has_no_resting(spec):
    """What can be done at a bed is sleeping, whatever it is called and however many there are."""
    nap = Affordance("nap", "bed")
    kept = tuple(a for a in spec.affordances if a.facility != "bench")
    doings = [Feature("doing_nap", codes=FLAG)]
    other = replace(
        spec,
        affordances=(*kept, nap),
        features=(*(f for f in spec.features if f.name != "doing_rest"), *doings),
    )
    batch = ObservationBatch.empty(other, 2)
    batch.active[:] = True
    batch.features[:, other.feature_index("need_energy")] = 0.5
    batch.features[0, other.feature_index("doing_nap")] = 1
    batch.features[1, other.feature_index("doing_cook")] = 1
    assert ScriptedPolicy(other, ScriptedOptions()).rules_of(batch)[1] == "finish what is under way"
    assert ScriptedPolicy(other, ScriptedOptions()).rules_of(batch)[0] != "finish what is under way"


def test_the_hooks_make_it(spec):
    assert townlet_backend_options() is ScriptedOptions
    plain = townlet_create_policy(PolicyRequest(backend="scripted", spec=spec))
    set_up = townlet_create_policy(PolicyRequest(backend="scripted", spec=spec, options=ScriptedOptions(patience=1)))
    assert isinstance(plain, PolicyBackendProtocol)
    assert plain.fingerprint() != set_up.fingerprint()
    plain.close()
    plain.close()


def test_a_checkpoint_is_refused_and_never_plays_as_scripted(spec, tmp_path):
    with pytest.raises(CheckpointError, match="uses no checkpoint"):
        townlet_create_policy(PolicyRequest(backend="scripted", spec=spec, checkpoint=tmp_path))


def test_finding_the_hooks_imports_nothing_heavy():
    code = (
        "import townlet_backend_scripted.plugin, sys;"
        "print(*[m for m in ('numpy', 'pydantic', 'numba', 'torch', 'townlet.world') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


class TestPreset:
    def test_default_is_tuned(self):
        assert ScriptedOptions() == ScriptedOptions(preset="tuned")

    def test_classic_sets_every_threshold(self):
        settable = set(ScriptedOptions.model_fields) - {"preset", "nearby", "works", "pushes", "meddles", "whim"}
        assert set(PRESETS["classic"]) == settable
        assert ScriptedOptions(preset="classic").eat_below == 0.48

    def test_what_is_given_stands_on_top(self):
        options = ScriptedOptions(preset="classic", eat_below=0.5)
        assert (options.eat_below, options.wash_below) == (0.5, 0.62)

    def test_written_out_it_is_the_same(self):
        options = ScriptedOptions(preset="classic", patience=1)
        assert ScriptedOptions.model_validate(options.model_dump()) == options

    @pytest.mark.parametrize("preset", ["Classic", "", None, 1, ["classic"]])
    def test_another_name_is_refused(self, preset):
        with pytest.raises(ValidationError, match="preset"):
            ScriptedOptions(preset=preset)

    @pytest.mark.parametrize("name", list(PRESETS))
    def test_each_preset_keeps_the_rules_between_thresholds(self, name):
        assert ScriptedOptions(preset=name).preset == name


class TestOptions:
    def test_default(self):
        assert ScriptedOptions().patience == 2
        assert all(field.description for field in ScriptedOptions.model_fields.values())

    @pytest.mark.parametrize(
        "options",
        [
            {"eat_below": 1.1},
            {"wash_below": -0.1},
            {"patience": 7},
            {"patience": 1.5},
            {"arrival_buffer": -1},
            {"arrival_buffer": float("nan")},
            {"day_ticks": 500},
            {"social_appetite": 2},
            {"pantry": 0},
            {"appetite": 1},
            {"eat_below": "much"},
        ],
    )
    def test_refused(self, options):
        with pytest.raises(ValidationError):
            ScriptedOptions(**options)

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({"eat_at_work_below": 0.9}, "eat_at_work_below"),
            ({"sleep_at_work_below": 0.8}, "sleep_at_work_below"),
            ({"rested_above": 0.5}, "rested_above"),
        ],
    )
    def test_thresholds_agree_with_each_other(self, options, rule):
        with pytest.raises(ValidationError, match=f"{rule} .* must not be"):
            ScriptedOptions(**options)

    def test_frozen(self):
        with pytest.raises(ValidationError):
            ScriptedOptions().patience = 1
