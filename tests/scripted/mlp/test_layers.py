"""What is read of a file, and what is refused in words."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from townlet.config import load_config
from townlet.errors import CheckpointError
from townlet.observations import build_spec
from townlet_backend_scripted.mlp.layers import read_layers


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_what_was_written_is_read(tmp_path, spec, widths, layers, write, dtype):
    written = layers(widths, dtype=dtype)
    write(tmp_path, written)
    found = read_layers(tmp_path, spec)
    assert [array.shape for array in found.weights] == list(pairwise(widths))
    for n, (weight, bias) in enumerate(zip(found.weights, found.biases, strict=True)):
        np.testing.assert_array_equal(weight, written[f"{n}.weight"].T)
        np.testing.assert_array_equal(bias, written[f"{n}.bias"])
        assert weight.dtype == bias.dtype == np.float64
        assert weight.flags.c_contiguous


def test_its_digest_is_that_of_the_numbers(tmp_path, spec, widths, layers, write):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        write(tmp_path / name, layers(widths, seed), note=name)
    one, same, other = (read_layers(tmp_path / name, spec).digest for name in "abc")
    assert one == same != other


class TestRefused:
    @staticmethod
    def told(folder, spec) -> str:
        with pytest.raises(CheckpointError) as caught:
            read_layers(folder, spec)
        return " ".join((str(caught.value), *caught.value.details))

    def test_no_file(self, tmp_path, spec):
        told = self.told(tmp_path, spec)
        assert "has no model.mlp" in told
        assert "townlet export CHECKPOINT --format mlp" in told

    def test_no_file_of_tensors(self, tmp_path, spec):
        (tmp_path / "model.mlp").write_bytes(b"something else")
        assert "model.mlp" in self.told(tmp_path, spec)

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ({"activation": "tanh"}, "expected townlet-mlp 1 with relu, found townlet-mlp 1 with tanh"),
            ({"version": 2}, "found townlet-mlp 2 with relu"),
            ({"format": "townlet-pytorch-weights"}, "found townlet-pytorch-weights 1 with relu"),
        ],
    )
    def test_another_format(self, tmp_path, spec, widths, layers, write, said, told):
        write(tmp_path, layers(widths), **said)
        assert told in self.told(tmp_path, spec)

    def test_a_map_to_look_at(self, tmp_path, widths, layers, write):
        write(tmp_path, layers(widths))
        assert "sees features alone" in self.told(tmp_path, build_spec(load_config()))

    def test_other_features(self, tmp_path, spec, widths, layers, write):
        write(tmp_path, layers(widths))
        fewer = replace(spec, features=spec.features[:-1])
        assert f"must have the shapes [outputs, {widths[0] - 1}]" in self.told(tmp_path, fewer)

    def test_other_actions(self, tmp_path, spec, widths, layers, write):
        write(tmp_path, layers((*widths[:-1], 3)))
        assert f"the last layer must score {spec.action_count} actions, found 3" in self.told(tmp_path, spec)

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"0.bias": None}, "a weight and a bias for each layer"),
            ({"critic.weight": np.zeros((1, 1), np.float16)}, "a weight and a bias for each layer"),
            ({"1.bias": np.zeros(3, np.float16)}, "layer 1 must have the shapes [outputs, 24] and [outputs]"),
            ({"1.weight": np.zeros((16, 24), np.float64)}, "layer 1 must hold float16 or float32, found float64"),
            ({"2.bias": np.full(8, np.nan, np.float16)}, "layer 2 holds a number that is not finite"),
        ],
    )
    def test_layers_that_do_not_fit(self, tmp_path, spec, widths, layers, write, changes, told):
        arrays = {**layers(widths), **changes}
        write(tmp_path, {name: array for name, array in arrays.items() if array is not None})
        assert told in self.told(tmp_path, spec)
