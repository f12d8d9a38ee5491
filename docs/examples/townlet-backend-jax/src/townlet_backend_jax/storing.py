"""Trees of arrays in files: safetensors, named by where each array stands in the tree. Nothing in them can run."""

from pathlib import Path
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file
from townlet.errors import CheckpointError

from townlet_backend_jax.network import Mind
from townlet_backend_jax.options import Options

Tree = TypeVar("Tree")
MIND = "mind.safetensors"


def write_tree(tree: object, path: Path) -> None:
    """Write a tree of arrays."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    save_file({jax.tree_util.keystr(where): np.asarray(leaf, order="C") for where, leaf in leaves}, path)


def read_tree(path: Path, like: Tree) -> Tree:
    """Read a tree of the shapes of ``like``. Raises CheckpointError with the first difference."""
    try:
        stored = load_file(path)
    except Exception as error:
        raise CheckpointError(f"it cannot be read: {error}", where=str(path)) from error
    leaves, structure = jax.tree_util.tree_flatten_with_path(like)
    names = [jax.tree_util.keystr(where) for where, _ in leaves]
    if odd := sorted(set(names) ^ set(stored)):
        raise CheckpointError(f"{odd[0]} is in the file or in this mind, not in both", where=str(path))
    for name, (_, leaf) in zip(names, leaves, strict=True):
        found, expected = stored[name], np.asarray(leaf)
        if (found.shape, found.dtype) != (expected.shape, expected.dtype):
            raise CheckpointError(
                f"{name} must be {expected.dtype} {list(expected.shape)}, found {found.dtype} {list(found.shape)}",
                where=str(path),
            )
        if not np.isfinite(found).all():
            raise CheckpointError(f"{name} holds numbers that are not finite", where=str(path))
    return jax.tree_util.tree_unflatten(structure, [jnp.asarray(stored[name]) for name in names])


def read_mind(directory: Path, like: Mind) -> Mind:
    """The mind of a checkpoint folder. Raises CheckpointError unless it fits ``like``."""
    return read_tree(directory / MIND, like)


def trained_options(directory: Path, options: Options) -> Options:
    """The options with the size that the network in a checkpoint has: to act, nobody needs to know it."""
    try:
        with safe_open(directory / MIND, "numpy") as file:
            hidden = file.get_slice(".weights['policy'][0][0]").get_shape()[1]
            layers = sum(name.startswith(".weights['policy']") for name in file.keys()) // 2 - 1  # noqa: SIM118
    except (OSError, SafetensorError):  # whoever reads the weights says what is wrong with them
        return options
    return options.model_copy(update={"hidden": hidden, "layers": layers})
