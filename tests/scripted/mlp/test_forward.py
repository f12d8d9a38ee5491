"""One order of sums, whatever stands beside a row and whoever computes."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from townlet_backend_scripted.mlp.forward import dense

PRINTS_BITS = """
import numpy as np
from townlet_backend_scripted.mlp.forward import dense
random = np.random.default_rng(5)
inputs = random.normal(size=(4, 33)).astype(np.float32)
weights = random.normal(size=(33, 21)).astype(np.float32).astype(np.float64)
outputs = np.empty((4, 21), np.float32)
dense(inputs, weights, random.normal(size=21), True, outputs)
print(outputs.tobytes().hex())
"""


@pytest.fixture
def layer():
    random = np.random.default_rng(3)
    inputs = random.normal(size=(7, 50)).astype(np.float32)
    inputs[random.random(inputs.shape) < 0.4] = 0.0
    weights = random.normal(size=(50, 19)).astype(np.float16).astype(np.float64)
    return inputs, weights, random.normal(size=19).astype(np.float16).astype(np.float64)


def through(inputs, weights, biases, *, rectify=False):
    outputs = np.empty((len(inputs), len(biases)), np.float32)
    dense(np.ascontiguousarray(inputs), weights, biases, rectify, outputs)
    return outputs


@pytest.mark.parametrize("rectify", [False, True])
def test_it_adds_input_after_input(layer, rectify):
    inputs, weights, biases = layer
    sums = np.tile(biases, (len(inputs), 1))
    for number in range(inputs.shape[1]):
        sums += inputs[:, number : number + 1].astype(np.float64) * weights[number]
    expected = sums.astype(np.float32)
    if rectify:
        expected = np.maximum(expected, 0)
    np.testing.assert_array_equal(through(inputs, weights, biases, rectify=rectify), expected)


def test_a_row_does_not_depend_on_its_neighbours(layer):
    inputs, weights, biases = layer
    together = through(inputs, weights, biases)
    for row in range(len(inputs)):
        np.testing.assert_array_equal(through(inputs[row : row + 1], weights, biases)[0], together[row])


def test_no_rows_have_no_answers(layer):
    inputs, weights, biases = layer
    assert through(inputs[:0], weights, biases).shape == (0, 19)


def test_interpreted_it_gives_the_same_bits():
    found = []
    for disabled in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled}
        words = [sys.executable, "-c", PRINTS_BITS]
        found.append(subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout)
    assert found[0]
    assert found[0] == found[1]
