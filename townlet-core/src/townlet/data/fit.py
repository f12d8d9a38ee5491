"""Whether a block belongs into a dataset."""

from __future__ import annotations

from collections.abc import Mapping

from townlet.data.block import TrajectoryBlock
from townlet.errors import DatasetError

__all__ = ["refuse_misfit"]


def refuse_misfit(
    block: TrajectoryBlock,
    *,
    rows: int,
    agents: int,
    worlds: int,
    shapes: Mapping[str, tuple[int, ...]],
    actions: int,
    where: str,
) -> None:
    """Refuse a block that does not go with the dataset it is to be part of.

    Args:
        block: the ticks to be added.
        rows: ``N`` of the blocks before, or 0 if this is the first.
        agents: slots per world.
        worlds: number of seeds known, or 0 if none are.
        shapes: what follows ``[T, N]`` in the shape of each array.
        actions: ``K``.
        where: the dataset, for the error.

    Raises:
        DatasetError: naming the first thing that does not fit.
    """
    if rows and block.rows != rows:
        raise DatasetError(f"a block has {block.rows} rows, those before it {rows}", where=where)
    if block.rows % agents:
        raise DatasetError(f"{block.rows} rows are not worlds of {agents} agents", where=where)
    if worlds and worlds != block.rows // agents:
        raise DatasetError(f"{worlds} seeds are not one for each of {block.rows // agents} worlds", where=where)
    arrays = block.arrays()
    for name in sorted(set(arrays) ^ set(shapes)):
        raise DatasetError(f"a block {'has' if name in arrays else 'lacks'} {name}, unlike the dataset", where=where)
    for name, array in arrays.items():
        if array.shape[2:] != shapes[name]:
            raise DatasetError(
                f"{name} has shape {list(array.shape[2:])} a row, the spec says {list(shapes[name])}", where=where
            )
    if not block.actions.size:
        return
    low, high = int(block.actions.min()), int(block.actions.max())
    if low < 0 or high >= actions:
        raise DatasetError(f"an action is outside 0..{actions - 1}: {low}..{high}", where=where)
