"""The contract, by the kit; what is asked, drawn and remembered; how the mind is named and opened."""

from __future__ import annotations

import numpy as np
import pytest

from townlet.api import ObservationBatch, PolicyRequest
from townlet.checkpoints import read_checkpoint
from townlet.config import load_config
from townlet.errors import BackendError, CheckpointError, ContractError
from townlet.minds.without_map import WithoutMap
from townlet.observations import build_spec
from townlet.play import Admission, Cast, Casting, Job, Role, Stage
from townlet.plugins import resolve_mind
from townlet.testing.packages import found_row
from townlet.testing.runner import run_checks
from townlet.testing.subject import Subject
from townlet.testing.towns import short_lived_hamlet
from townlet_backend_scripted.mlp.layers import read_layers
from townlet_backend_scripted.mlp.plugin import townlet_create_policy
from townlet_backend_scripted.mlp.policy import MlpPolicy

ROWS = 200


@pytest.fixture
def policy(checkpoint, spec) -> MlpPolicy:
    return MlpPolicy(read_layers(checkpoint(), spec), spec)


@pytest.fixture
def seen(spec) -> ObservationBatch:
    random, batch = np.random.default_rng(1), ObservationBatch.empty(spec, ROWS, spans=True)
    batch.features[:] = random.random(batch.features.shape)
    batch.action_mask[:, 1:] = random.random((ROWS, spec.action_count - 1)) < 0.6
    batch.active[:] = True
    batch.asked[:] = random.random(ROWS) < 0.5
    return batch


def test_it_conforms(checkpoint, spec):
    folder, row = checkpoint(), found_row("mlp")
    compact = load_config(None, ["observation.variant=compact"])

    def made(*, seed=0, checkpoint=folder):
        return resolve_mind("mlp", spec=spec, seed=seed, checkpoint=checkpoint).mind

    def learner(*, seed=0):
        raise AssertionError("it does not learn")

    report = run_checks(
        Subject(
            name="mlp",
            spec=spec,
            policy=made,
            learner=learner,
            capabilities=frozenset(row.manifest.capabilities),
            town=lambda: short_lived_hamlet(compact),
            row=row,
        )
    )
    assert [result.message for result in report.results if result.outcome == "failed"] == []
    assert report.conforms


def test_the_best_possible_action_is_taken(policy, seen):
    answer = policy.decide(seen, policy.initial_state(ROWS, 0))
    scores = policy.scores(seen.features)
    best = np.where(seen.action_mask, scores, -np.inf).argmax(1)
    np.testing.assert_array_equal(answer.actions, np.where(seen.asked, best, 0))
    np.testing.assert_array_equal(answer.logits[seen.asked], scores[seen.asked])
    assert not answer.log_probs.any()


def test_who_is_not_asked_does_nothing_and_draws_nothing(policy, seen):
    answer = policy.decide(seen, policy.initial_state(ROWS, 0), explore=True)
    assert not answer.actions[~seen.asked].any()
    np.testing.assert_array_equal(answer.state.arrays()["counters"], seen.asked.astype(np.uint64))


def test_what_is_drawn_follows_the_scores(policy, seen):
    many = seen.take(np.zeros(20_000, np.intp))
    everybody = ObservationBatch(many.map, many.features, many.action_mask, many.active, many.episode_start)
    answer = policy.decide(everybody, policy.initial_state(many.rows, 4), explore=True)
    scores = np.where(seen.action_mask[0], policy.scores(seen.features[:1])[0].astype(np.float64), -np.inf)
    expected = np.exp(scores - scores.max())
    expected /= expected.sum()
    shares = np.bincount(answer.actions, minlength=len(expected)) / many.rows
    np.testing.assert_allclose(shares, expected, atol=0.015)
    np.testing.assert_allclose(answer.log_probs, np.log(expected[answer.actions]), atol=1e-5)


def test_other_observations_are_refused(policy):
    shown = ObservationBatch.empty(build_spec(load_config()), 2)
    with pytest.raises(ContractError, match="not of the kind"):
        policy.decide(shown, policy.initial_state(2, 0))


def test_it_is_known_by_its_weights(checkpoint, spec, policy):
    other = MlpPolicy(read_layers(checkpoint(1), spec), spec)
    assert policy.fingerprint() == MlpPolicy(read_layers(checkpoint(), spec), spec).fingerprint()
    assert policy.fingerprint() != other.fingerprint()


def test_without_a_checkpoint_it_says_how_to_get_one(spec):
    with pytest.raises(BackendError, match="none is named") as caught:
        townlet_create_policy(PolicyRequest(backend="mlp", spec=spec))
    assert "mlp:FOLDER" in " ".join(caught.value.details)


def test_its_checkpoint_is_no_other_backends(checkpoint, spec):
    with pytest.raises(CheckpointError, match="was written by backend mlp") as caught:
        read_checkpoint(checkpoint(), spec, backend="pytorch")
    assert "use it as:  mlp:" in " ".join(caught.value.details)


@pytest.mark.parametrize("who", [("*",), ("50%", "*")])
def test_where_a_map_is_shown_it_lives_as_where_none_is(checkpoint, who):
    folder, digests = checkpoint(), []
    for variant in ("compact", "hybrid"):
        config = load_config(None, ["town.map=hamlet", f"observation.variant={variant}"])
        minds = [Casting.of(config).mind(name) for name in (f"mlp:{folder}", "scripted")]
        cast = Cast(tuple(Role(each, mind) for each, mind in zip(who, minds, strict=False)))
        with Stage(Job(config, cast, (1, 2), 200)) as stage:
            stage.run(200)
            digests.append((stage.digests(), stage.provenance().fingerprint))
    (there, named_there), (here, named_here) = digests
    assert here == there
    assert (named_here == named_there) == (who == ("*",)), "the scripted mind tells specs apart, this one is itself"


def test_it_is_opened_as_any_other_mind(checkpoint, spec):
    folder = checkpoint()
    part = Admission(untrained=False).open(Casting.of(load_config()).mind(f"mlp:{folder}"), spec)
    assert part.provenance.active == "mlp"
    assert part.provenance.checkpoint_digest == read_checkpoint(folder).digest


def test_on_a_worker_it_is_found_where_its_bytes_lie_there(checkpoint, spec, tmp_path):
    mind = Casting.of(load_config()).mind(f"mlp:{checkpoint()}")
    there = checkpoint().rename(tmp_path / "fetched")
    digest = mind.checkpoint.digest
    part = Admission(stored={digest: there}, slow=False).open(mind, build_spec(load_config()))
    assert isinstance(part.policy, WithoutMap)
    assert part.provenance.checkpoint_digest == digest
    with pytest.raises(CheckpointError):
        Admission(slow=False).open(mind, build_spec(load_config()))
