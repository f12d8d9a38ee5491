"""How much of a long recording a page can hold, and what is said where it is not all of it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MOST_AGENT_FRAMES", "MOST_THOUGHTS", "Thinning", "thin_out"]

MOST_AGENT_FRAMES = 2_000_000
"""Agents times frames of a page: some 10 MB of page, and 70 MB of memory in the browser."""
MOST_THOUGHTS = 400_000
"""Agents times frames up to which probabilities, rewards and observations are kept, too."""


@dataclass(frozen=True, slots=True)
class Thinning:
    """What a page keeps.

    Attributes:
        first: first tick.
        last: last tick; its frame is the state after the action of the tick before.
        stride: every how many ticks a frame is kept; the last is always kept.
        thoughts: whether what the minds knew is kept.
        cramped: whether it was wanted and left out for want of room.
        notes: sentences for the reader where something is left out.
    """

    first: int
    last: int
    stride: int
    thoughts: bool
    cramped: bool
    notes: tuple[str, ...]

    def keeps(self, tick: int) -> bool:
        """Whether the frame of ``tick`` is kept."""
        return self.first <= tick <= self.last and ((tick - self.first) % self.stride == 0 or tick == self.last)

    @property
    def frames(self) -> int:
        """Frames kept."""
        return (self.last - self.first + self.stride - 1) // self.stride + 1


def thin_out(first: int, last: int, agents: int, *, thoughts: bool = True) -> Thinning:
    """Choose a stride for ticks ``first`` to ``last`` of ``agents`` agents."""
    ticks = last - first
    stride = max(1, -(-ticks * agents // MOST_AGENT_FRAMES))
    notes = []
    if stride > 1:
        notes.append(
            f"Only every {_ordinal(stride)} tick is shown, since {ticks:,} ticks of {agents:,} agents are more than a "
            "page can hold. To see every tick, choose fewer with --ticks FROM:TO."
        )
    fits = ticks * agents <= MOST_THOUGHTS
    if thoughts and not fits:
        notes.append(
            "What the minds saw and weighed is left out: it would make the page too large. "
            "Choose fewer ticks with --ticks FROM:TO to have it."
        )
    return Thinning(first, last, stride, thoughts and fits, thoughts and not fits, tuple(notes))


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
