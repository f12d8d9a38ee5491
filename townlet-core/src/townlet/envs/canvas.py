"""A few drawing primitives on an RGB array: rectangles, discs, lines and a font of three by five dots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Canvas", "Colour", "text_width"]

Colour = tuple[int, int, int]

# five rows of three dots; a digit is a row, its bits are the dots from left to right
_GLYPHS = {
    "A": "25755", "B": "65656", "C": "34443", "D": "65556", "E": "74647", "F": "74644", "G": "34553",
    "H": "55755", "I": "72227", "J": "11152", "K": "55655", "L": "44447", "M": "57755", "N": "65555",
    "O": "25552", "P": "65644", "Q": "25563", "R": "65655", "S": "34216", "T": "72222", "U": "55557",
    "V": "55552", "W": "55775", "X": "55255", "Y": "55222", "Z": "71247", "0": "75557", "1": "26227",
    "2": "71747", "3": "71717", "4": "55711", "5": "74717", "6": "74757", "7": "71122", "8": "75757",
    "9": "75717", ".": "00002", ":": "02020", "-": "00700", "/": "11244", "%": "51245", "+": "02720",
    "(": "24442", ")": "42224", ",": "00024", "'": "22000", "?": "61202",
}  # fmt: skip


def text_width(text: str, dot: int) -> int:
    """Pixels that ``text`` takes with dots of ``dot`` pixels."""
    return max(4 * len(text) - 1, 0) * dot


class Canvas:
    """A picture under construction. Everything is clipped at its edges.

    Args:
        height: pixels.
        width: pixels.
        colour: of the background.
    """

    def __init__(self, height: int, width: int, colour: Colour) -> None:
        self.pixels: NDArray[np.uint8] = np.empty((height, width, 3), np.uint8)
        self.pixels[:] = colour

    def rectangle(self, y: int, x: int, height: int, width: int, colour: Colour) -> None:
        """Fill a rectangle given by its top left corner."""
        self.pixels[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)] = colour

    def frame(self, y: int, x: int, height: int, width: int, colour: Colour, thick: int = 1) -> None:
        """Draw the edge of a rectangle, inside it."""
        for top, left, tall, wide in (
            (y, x, thick, width),
            (y + height - thick, x, thick, width),
            (y, x, height, thick),
            (y, x + width - thick, height, thick),
        ):
            self.rectangle(top, left, tall, wide, colour)

    def disc(self, y: float, x: float, radius: float, colour: Colour) -> None:
        """Fill a circle given by its middle."""
        top, left = max(int(y - radius), 0), max(int(x - radius), 0)
        patch = self.pixels[top : int(y + radius) + 2, left : int(x + radius) + 2]
        rows = np.arange(top, top + patch.shape[0])[:, None] + 0.5 - y
        columns = np.arange(left, left + patch.shape[1])[None, :] + 0.5 - x
        patch[rows**2 + columns**2 <= radius**2] = colour

    def line(self, start: tuple[float, float], end: tuple[float, float], colour: Colour, thick: int = 1) -> None:
        """Draw a straight line between two points (y, x)."""
        steps = int(max(abs(end[0] - start[0]), abs(end[1] - start[1]))) + 1
        ys = np.linspace(start[0], end[0], steps).astype(int)
        xs = np.linspace(start[1], end[1], steps).astype(int)
        height, width = self.pixels.shape[:2]
        for dy in range(thick):
            for dx in range(thick):
                inside = (ys + dy >= 0) & (ys + dy < height) & (xs + dx >= 0) & (xs + dx < width)
                self.pixels[ys[inside] + dy, xs[inside] + dx] = colour

    def text(self, y: int, x: int, text: str, colour: Colour, dot: int = 2) -> None:
        """Write a line of text, capitals and digits, from its top left corner; a letter is five dots high."""
        for letter in text.upper():
            for row, digit in enumerate(_GLYPHS.get(letter, "00000" if letter == " " else _GLYPHS["?"])):
                for column in range(3):
                    if int(digit) >> (2 - column) & 1:
                        self.rectangle(y + row * dot, x + column * dot, dot, dot, colour)
            x += 4 * dot
