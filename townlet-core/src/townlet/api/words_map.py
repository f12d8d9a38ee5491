"""What lies around a row on its map, in words: every code of every channel, with where it is seen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from townlet.api.meaning import MapChannel
from townlet.api.spec import ObservationSpec

__all__ = ["compass", "far", "surroundings"]

_MOST = 6


def surroundings(spec: ObservationSpec, seen: NDArray[np.uint8], *, most: int = _MOST) -> list[str]:
    """One line a channel of the map uint8 ``[C, H, W]`` that shows anything; codes of 0 are left out.

    Args:
        spec: what the map means.
        seen: the map of one row.
        most: places told of each code; of what is seen more often, the nearest.
    """
    lines = []
    for channel, cells in zip(spec.channels, seen, strict=True):
        told = list(_told(channel, cells, most))
        if told:
            lines.append(f"{channel.name}: {'; '.join(told)}")
    return lines


def far(spec: ObservationSpec, seen: NDArray[np.uint8], name: str, sentence: str, *, most: int) -> Iterator[str]:
    """``sentence`` with what the channel ``name`` shows, nearest first; nothing where it shows nothing."""
    channel = spec.channels[spec.channel_index(name)]
    meanings = {int(code.value): code.meaning for code in channel.codes}
    cells = seen[spec.channel_index(name)]
    places = nearest(cells != 0)
    told = [f"{meanings.get(int(cells[y, x]), 'something')} {offset(cells.shape, y, x)}" for y, x in places[:most]]
    if len(places) > most:
        told.append(f"{len(places) - most} more")
    if told:
        yield sentence.format(", ".join(told))


def nearest(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Row and column of the marked cells by their distance from the middle, equal ones row by row."""
    middle = [(size - 1) / 2 for size in marked.shape]
    cells = [(int(y), int(x)) for y, x in np.argwhere(marked)]
    return sorted(cells, key=lambda cell: (abs(cell[0] - middle[0]) + abs(cell[1] - middle[1]), cell))


def compass(south: int, east: int) -> str:
    """A way over the ground: ``2 north 1 east``; empty for none."""
    parts = [f"{abs(south)} {'south' if south > 0 else 'north'}"] if south else []
    parts += [f"{abs(east)} {'east' if east > 0 else 'west'}"] if east else []
    return " ".join(parts)


def offset(shape: tuple[int, ...], y: int, x: int) -> str:
    """Where a cell lies from the middle; ``here`` in the middle itself."""
    return compass(y - shape[0] // 2, x - shape[1] // 2) or "here"


def _told(channel: MapChannel, cells: NDArray[np.uint8], most: int) -> Iterator[str]:
    if not channel.codes:
        middle = cells[cells.shape[0] // 2, cells.shape[1] // 2]
        yield f"{float(channel.transform.invert(float(middle))):.0f} {channel.unit} here".replace("inf", "endless")
        return
    for code in channel.codes:
        if code.value == 0:
            continue
        places = nearest(cells == int(code.value))
        if places:
            where = ", ".join(offset(cells.shape, y, x) for y, x in places[:most])
            yield f"{code.meaning} {where}" + (f" and {len(places) - most} more" if len(places) > most else "")
