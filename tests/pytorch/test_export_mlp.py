"""The layers that are written answer as PyTorch does; what is more than layers is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.numpy import load_file

from townlet.api import ExportRequest, ObservationBatch, PolicyRequest
from townlet.checkpoints import read_checkpoint, write_checkpoint
from townlet.cli.app import townlet
from townlet.config import load_config
from townlet.envs import TownEngine
from townlet.errors import BackendError, CheckpointError, UsageError
from townlet.observations import build_spec, town_facts
from townlet.play import Cast, Job, MindSpec, Stage
from townlet.storage import map_tensors
from townlet_backend_pytorch.export_mlp import export_mlp
from townlet_backend_pytorch.plugin import townlet_export_policy
from townlet_backend_scripted.mlp.plugin import townlet_create_policy

pytestmark = pytest.mark.torch
TICKS = 1000
TIE = 1e-3
GOALS = ("observation.variant=compact", "town.actions=goals", "town.ask_every=15")


@pytest.fixture(scope="module")
def seen() -> ObservationBatch:
    """What people saw when they were asked, in four towns of the scripted mind over 1000 ticks."""
    config, kept = load_config(None, GOALS), []
    job = Job(config, Cast.of(MindSpec(requested="scripted", backend="scripted")), (5, 6, 7, 8), TICKS)
    with Stage(job) as stage:
        assert isinstance(stage.engine, TownEngine)
        for _ in range(TICKS):
            now = stage.engine.observe()
            kept.append(now.take(np.flatnonzero(now.asked)))
            stage.run(1)
    return ObservationBatch.concatenate(kept)


@pytest.fixture
def learner(make_learner):
    """A mind with opinions: its scores lie as far apart as those of one that has learned."""
    made = make_learner(build_spec(load_config(None, GOALS)), hidden=(64, 48))
    with torch.no_grad():
        made.policy.network.policy_head.weight.mul_(300)
    return made


@pytest.fixture
def exported(learner, tmp_path):
    """``(as PyTorch plays it, as the backend mlp plays it)``."""
    (tmp_path / "out").mkdir()
    export_mlp(learner.policy.network, tmp_path / "out" / "model.mlp")
    request = PolicyRequest(backend="mlp", spec=learner.policy.spec, checkpoint=tmp_path / "out")
    return learner.policy, townlet_create_policy(request)


def decided(policy, seen):
    return policy.decide(seen, policy.initial_state(seen.rows, 0))


def apart(scores, mask):
    """By how much the best possible score is better than the second: float32 ``[N]``; one alone is far from others."""
    two = np.sort(np.where(mask, scores, -1e9), axis=1)[:, -2:]
    return two[:, 1] - two[:, 0]


def rounded(network):
    """Let a network have the weights that 16 bits hold."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(parameter.half().float())


def test_with_equal_weights_the_scores_are_pytorchs_but_for_rounding(exported, seen):
    torch_policy, mlp = exported
    rounded(torch_policy.network)
    theirs, mine = decided(torch_policy, seen), decided(mlp, seen)
    assert seen.rows > 1000
    np.testing.assert_allclose(mine.logits, theirs.logits, rtol=1e-4, atol=1e-4)
    clear = apart(theirs.logits, seen.action_mask) > TIE
    assert clear.mean() > 0.95
    np.testing.assert_array_equal(mine.actions[clear], theirs.actions[clear])
    assert len(set(mine.actions.tolist())) > 4


def test_sixteen_bits_decide_as_thirty_two_do_where_it_matters(exported, seen):
    torch_policy, mlp = exported
    theirs, mine = decided(torch_policy, seen), decided(mlp, seen)
    other = mine.actions != theirs.actions
    assert other.mean() < 0.01
    assert (apart(theirs.logits, seen.action_mask)[other] < 0.1).all()


def test_the_critic_stays_behind(learner, tmp_path):
    export_mlp(learner.policy.network, tmp_path / "model.mlp")
    found = load_file(tmp_path / "model.mlp")
    assert sorted(found) == ["0.bias", "0.weight", "1.bias", "1.weight", "2.bias", "2.weight"]
    assert {array.dtype.name for array in found.values()} == {"float16"}


class TestRefused:
    def ask(self, policy, checkpoint, target):
        request = ExportRequest(backend="pytorch", spec=policy.spec, checkpoint=checkpoint, format="mlp", target=target)
        return townlet_export_policy(request)

    @pytest.mark.parametrize(
        ("choices", "told"),
        [({"memory": "gru"}, "it has a memory"), ({"activation": "tanh"}, "its activation is tanh")],
    )
    def test_more_than_layers(self, blind_spec, make_learner, tmp_path, choices, told):
        learner = make_learner(blind_spec, **choices)
        learner.save(tmp_path)
        with pytest.raises(BackendError, match=f"cannot export this network as 'mlp': {told}") as caught:
            self.ask(learner.policy, tmp_path, tmp_path / "out")
        assert "townlet-backend-pytorch" in " ".join(caught.value.details)
        assert not (tmp_path / "out").exists()

    def test_a_map(self, spec, make_learner, tmp_path):
        learner = make_learner(spec)
        learner.save(tmp_path)
        with pytest.raises(BackendError, match="it sees a map"):
            self.ask(learner.policy, tmp_path, tmp_path / "out")

    def test_a_weight_that_is_too_large(self, blind_spec, make_learner, tmp_path):
        learner = make_learner(blind_spec)
        with torch.no_grad():
            learner.policy.network.policy_head.bias[0] = 1e6
        with pytest.raises(BackendError, match="larger than 16 bits can hold"):
            export_mlp(learner.policy.network, tmp_path / "out")


class TestCommand:
    @pytest.fixture
    def taught(self, learner, tmp_path):
        config = load_config(None, GOALS)
        return write_checkpoint(
            tmp_path / "taught",
            learner.save,
            backend="pytorch",
            spec=build_spec(config),
            facts=town_facts(config.town),
            config_digest="7" * 64,
            metrics={"accuracy": 0.5},
        )

    def test_it_writes_a_checkpoint_that_remembers_where_it_came_from(self, taught, tmp_path):
        words = ["export", str(taught.path), "--format", "mlp", "--out", str(tmp_path / "mind")]
        done = CliRunner().invoke(townlet, words)
        assert done.exit_code == 0, done.output
        assert f"--backend mlp:{tmp_path / 'mind'}" in done.output
        found = read_checkpoint(tmp_path / "mind")
        assert (found.manifest.backend, found.manifest.distribution) == ("mlp", "townlet-backend-scripted")
        assert found.manifest.parent == taught.digest
        for name in ("observation", "facts", "config_digest", "metrics"):
            assert getattr(found.manifest, name) == getattr(taught.manifest, name)
        assert list(found.manifest.files) == ["model.mlp"]
        assert len(map_tensors(tmp_path / "mind" / "model.mlp", error=BackendError).arrays) == 6
        again = CliRunner().invoke(townlet, words)
        assert isinstance(again.exception, CheckpointError), "nothing is overwritten"

    def test_where_the_backend_that_plays_it_is_missing_it_says_so(self, taught, tmp_path, monkeypatch):
        monkeypatch.setattr("townlet.checkpoints.exporting.installed", lambda _: None)
        words = ["export", str(taught.path), "--format", "mlp", "--out", str(tmp_path / "mind")]
        done = CliRunner().invoke(townlet, words)
        assert isinstance(done.exception, UsageError)
        assert "pip install townlet-backend-scripted" in " ".join(done.exception.details)
