"""ONNX: the same answers with nothing of ours around."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from townlet.api import ExportRequest, ObservationSpec, PPOSettings
from townlet.errors import BackendError, CheckpointError, TrainingError
from townlet_backend_pytorch import export
from townlet_backend_pytorch.export import export_onnx
from townlet_backend_pytorch.plugin import townlet_export_policy

onnxruntime = pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")

pytestmark = [pytest.mark.torch, pytest.mark.slow]


@pytest.mark.parametrize("encoder", ["flat", "codes", "patch", "embedding", "conv"])
def test_the_file_answers_as_the_policy(spec, make_learner, make_rollout, see, tmp_path, encoder):
    learner = make_learner(spec, map_encoder=encoder)
    learner.update(make_rollout(learner.policy, spec), PPOSettings(learning_rate=1e-2))
    path = tmp_path / "policy.onnx"
    report = export_onnx(learner.policy, path)
    assert report.path == path
    assert report.largest_difference < 1e-4
    assert [p.name for p in tmp_path.iterdir()] == ["policy.onnx"]
    seen = see(spec, 9)
    decision = learner.policy.decide(seen, learner.policy.initial_state(9, 0))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    logits, values = session.run(
        ["logits", "values"], {"map": seen.map, "features": seen.features, "action_mask": seen.action_mask}
    )
    np.testing.assert_allclose(logits, decision.logits, atol=1e-4)
    np.testing.assert_allclose(values, decision.values, atol=1e-4)
    assert logits.shape == (9, spec.action_count)


def test_the_metadata_say_what_it_is_for(blind_spec, make_learner, tmp_path):
    policy = make_learner(blind_spec).policy
    export_onnx(policy, tmp_path / "blind.onnx")
    properties = {p.key: p.value for p in onnx.load(tmp_path / "blind.onnx").metadata_props}
    assert ObservationSpec.from_json(json.loads(properties["townlet.observation_spec"])) == blind_spec
    assert properties["townlet.fingerprint"] == policy.fingerprint()
    session = onnxruntime.InferenceSession(str(tmp_path / "blind.onnx"), providers=["CPUExecutionProvider"])
    assert [i.name for i in session.get_inputs()] == ["features", "action_mask"]


def test_a_file_that_answers_otherwise_is_not_left(blind_spec, make_learner, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_TOLERANCE", -1.0)
    with pytest.raises(TrainingError, match="gives other answers than PyTorch"):
        export_onnx(make_learner(blind_spec).policy, tmp_path / "policy.onnx")
    assert not list(tmp_path.iterdir())
    assert torch.get_num_threads() == 1


def test_the_hook_exports_a_checkpoint(spec, blind_spec, make_learner, tmp_path):
    learner = make_learner(spec)
    learner.save(tmp_path)

    def ask(**changes):
        fields = {"backend": "pytorch", "spec": spec, "checkpoint": tmp_path, "format": "onnx"}
        return townlet_export_policy(ExportRequest(**(fields | {"target": tmp_path / "out.onnx"} | changes)))

    assert ask() == tmp_path / "out.onnx"
    properties = {p.key: p.value for p in onnx.load(tmp_path / "out.onnx").metadata_props}
    assert properties["townlet.fingerprint"] == learner.policy.fingerprint()
    with pytest.raises(BackendError, match="does not export 'gguf'"):
        ask(format="gguf")
    with pytest.raises(CheckpointError, match="variant is 'blind' here and 'tiny' there"):
        ask(spec=blind_spec)
