"""The example backend over ONNX Runtime: a policy is one file, which its digest covers."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from townlet.api import ObservationSpec
from townlet.errors import CheckpointError

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

SOURCE = Path(__file__).resolve().parents[2] / "docs/examples/townlet-backend-onnx/src"
SPEC = ObservationSpec.of_names("blind", features=("a", "b", "c"), actions=("wait", "use", "go"))


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(SOURCE))
    module = importlib.import_module("townlet_backend_onnx.model")
    return lambda path: module.load_model(path, SPEC, 1)


@pytest.fixture
def external(monkeypatch):
    monkeypatch.syspath_prepend(str(SOURCE))
    return importlib.import_module("townlet_backend_onnx.external").external_tensors


def model_of(node, initializers=()):
    of = onnx.helper
    x = of.make_tensor_value_info("features", onnx.TensorProto.FLOAT, [None, 3])
    y = of.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [None, 3])
    graph = of.make_graph([node] if not isinstance(node, list) else node, "policy", [x], [y], list(initializers))
    model = of.make_model(graph, opset_imports=[of.make_opsetid("", 17)], ir_version=8)
    of.set_model_props(model, {"townlet.observation_spec": json.dumps(SPEC.to_json())})
    return model


def weights(name="w"):
    values = np.array([1.0, 2.0, 3.0], np.float32)
    return onnx.numpy_helper.from_array(values, name)


def elsewhere(tensor, location="w.bin"):
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return tensor


MUL = onnx.helper.make_node("Mul", ["features", "w"], ["logits"])


def test_a_whole_model_is_read(load, tmp_path):
    onnx.save(model_of(MUL, [weights()]), tmp_path / "whole.onnx")
    assert load(tmp_path / "whole.onnx").inputs == ("features",)


def test_weights_in_the_current_folder_are_not_taken(load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = model_of(MUL, [weights()])
    onnx.save(model, "policy.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    assert (tmp_path / "w.bin").exists()  # ONNX Runtime would take it
    with pytest.raises(CheckpointError, match="keeps weights in other files: 'w'") as caught:
        load(tmp_path / "policy.onnx")
    assert "export it again without external data" in str(caught.value)


def _in_an_attribute():
    return [
        onnx.helper.make_node("Constant", [], ["w"], value=elsewhere(weights("deep"))),
        MUL,
    ]


def _in_a_branch():
    of = onnx.helper
    out = of.make_tensor_value_info("z", onnx.TensorProto.FLOAT, [3])
    branch = of.make_graph([of.make_node("Identity", ["deep"], ["z"])], "b", [], [out], [elsewhere(weights("deep"))])
    yes = of.make_node("Constant", [], ["yes"], value=of.make_tensor("t", onnx.TensorProto.BOOL, [], [True]))
    return [yes, of.make_node("If", ["yes"], ["w"], then_branch=branch, else_branch=branch), MUL]


@pytest.mark.parametrize("nodes", [_in_an_attribute, _in_a_branch])
def test_they_are_found_wherever_a_tensor_can_be(external, nodes):
    assert set(external(model_of(nodes()).SerializeToString())) == {"deep"}


def test_in_a_function_a_sparse_tensor_or_the_training(external):
    of = onnx.helper
    model = model_of(MUL, [weights()])
    node = of.make_node("Constant", [], ["f"], value=elsewhere(weights("function")))
    model.functions.append(of.make_function("d", "f", [], ["f"], [node], [of.make_opsetid("", 17)]))
    sparse = model.graph.sparse_initializer.add()
    sparse.values.CopyFrom(elsewhere(weights("values")))
    sparse.indices.CopyFrom(elsewhere(weights("indices")))
    model.training_info.add().algorithm.initializer.append(elsewhere(weights("training")))
    assert external(model.SerializeToString()) == ["function", "indices", "training", "values"]


def test_either_sign_is_enough(external):
    marked, pointing = weights("marked"), weights("pointing")
    marked.data_location = onnx.TensorProto.EXTERNAL
    pointing.external_data.add(key="location", value="w.bin")
    assert external(model_of(MUL, [marked, pointing]).SerializeToString()) == ["marked", "pointing"]


@pytest.mark.parametrize("data", [b"\x08", b"\x3a\x05a", b"\xff" * 20, b"\x0b", b"ORTM" * 4, b"PK\x03\x04 rest"])
def test_what_is_not_onnx_is_refused(load, tmp_path, data):
    (tmp_path / "policy.onnx").write_bytes(data)
    with pytest.raises(CheckpointError, match="ONNX Runtime cannot run this file"):
        load(tmp_path / "policy.onnx")


def test_every_field_of_onnx_that_leads_to_a_tensor_is_followed(external):
    """The table of field numbers against ``onnx.proto`` itself."""
    table = importlib.import_module("townlet_backend_onnx.external")._FIELDS
    short = {
        "ModelProto": "model",
        "TrainingInfoProto": "training",
        "FunctionProto": "function",
        "GraphProto": "graph",
        "NodeProto": "node",
        "AttributeProto": "attribute",
        "SparseTensorProto": "sparse",
        "TensorProto": "tensor",
    }
    for name, kind in short.items():
        fields = getattr(onnx, name).DESCRIPTOR.fields
        found = {
            f.number: short[f.message_type.name] for f in fields if f.message_type and f.message_type.name in short
        }
        followed = {number: what for number, what in table[kind].items() if what in table}
        assert followed == found, name
