"""The mind as a value: two stacks of layers, one that scores actions and one that estimates what is to come.

They share nothing, so the critic can learn alone. Map and features go in side by side, as numbers around 0 to 1.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from townlet.api import ObservationSpec

from townlet_backend_jax.options import Options

Layers = list[tuple[Array, Array]]
Weights = dict[str, Layers]


class Mind(NamedTuple):
    """Everything that decides: a tree of arrays.

    Attributes:
        weights: ``"policy"`` and ``"value"``.
        mean, scale: the value is ``mean + scale * output``, in units of reward; float32 scalars.
    """

    weights: Weights
    mean: Array
    scale: Array


def new_mind(spec: ObservationSpec, options: Options, seed: int) -> Mind:
    """Orthogonal weights; scores close to each other, so that exploration begins nearly uniform."""
    inputs = int(np.prod(spec.map_shape)) + spec.feature_count
    widths = [max(inputs, 1), *[options.hidden] * options.layers]
    draw = np.random.Generator(np.random.PCG64(seed)).standard_normal  # on the host: no shape is compiled for it
    weights: Weights = {}
    for name, outputs, gain in (("policy", spec.action_count, 0.01), ("value", 1, 1.0)):
        layers = []
        for depth, shape in enumerate(zip(widths, [*widths[1:], outputs], strict=True)):
            last = depth == options.layers
            drawn = orthogonal(draw(shape)) * (gain if last else np.sqrt(2.0))
            layers.append((jnp.asarray(drawn, jnp.float32), jnp.zeros(shape[1], jnp.float32)))
        weights[name] = layers
    return Mind(weights, jnp.float32(0), jnp.float32(1))


def orthogonal(drawn: np.ndarray) -> np.ndarray:
    """The matrix with orthonormal rows or columns that belongs to a random one (Saxe et al., 2014)."""
    tall = drawn if drawn.shape[0] >= drawn.shape[1] else drawn.T
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    return q if tall is drawn else q.T


def forward(layers: Layers, codes: Array, features: Array, *, bfloat16: bool = False) -> Array:
    """Through one stack: uint8 ``[B, C, H, X]`` and float32 ``[B, F]`` to float32 ``[B, outputs]``."""
    x = jnp.concatenate([codes.reshape(len(codes), -1).astype(jnp.float32) / 255.0, features], axis=1)
    x = x if x.shape[1] else jnp.ones((len(x), 1), jnp.float32)
    kind, precision = (jnp.bfloat16, None) if bfloat16 else (jnp.float32, jax.lax.Precision.HIGHEST)
    for depth, (weight, bias) in enumerate(layers):
        x = jnp.dot(x.astype(kind), weight.astype(kind), precision=precision, preferred_element_type=jnp.float32) + bias
        x = x if depth == len(layers) - 1 else jax.nn.relu(x)
    return x


def log_softmax(scores: Array, mask: Array) -> Array:
    """Logarithms of the probabilities of the possible actions ``[B, K]``; a large negative number for the others."""
    return jax.nn.log_softmax(jnp.where(mask, scores, -1e9), axis=1)


@jax.jit
def answer(mind: Mind, codes: Array, features: Array) -> tuple[Array, Array]:
    """Scores ``[B, K]`` and values in units of reward ``[B]``."""
    values = forward(mind.weights["value"], codes, features)[:, 0]
    return forward(mind.weights["policy"], codes, features), mind.mean + mind.scale * values
