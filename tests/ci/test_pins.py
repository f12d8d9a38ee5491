"""Moving the pins: what uv says is read, compared and written, and what is set by hand stays."""

from __future__ import annotations

import pins

BEFORE = "# why\n#\ntorch==2.13.0\nclick==8.2.0\nPyYAML==6.0\nold==1.0\n"
AFTER = {"click": ("click", "8.5.1"), "pyyaml": ("pyyaml", "6.0"), "new-one": ("new_one", "3.0")}


def test_pins_are_read_by_comparable_names() -> None:
    assert pins.read_pins("# no\n-e ./townlet-core\nRuamel_YAML==1.0\n") == {"ruamel-yaml": ("Ruamel_YAML", "1.0")}


def test_what_moves_comes_and_goes_is_shown() -> None:
    lines = [line.split() for line in pins.changes(pins.read_pins(BEFORE), AFTER)]
    assert lines == [
        ["click", "8.2.0", "->", "8.5.1"],
        ["new-one", "-", "->", "3.0"],
        ["old", "1.0", "->", "-"],
        ["torch", "2.13.0", "->", "-"],
    ]


def test_the_head_and_torch_stay_and_the_rest_is_sorted() -> None:
    assert pins.rewrite(BEFORE, AFTER) == "# why\n#\ntorch==2.13.0\nclick==8.5.1\nnew_one==3.0\npyyaml==6.0\n"


def test_what_another_build_of_torch_brings_is_left_out() -> None:
    names = ["nvidia-cublas", "cuda-bindings", "triton", "townlet-core"]
    assert all(map(pins.LEFT_OUT.match, names))
    assert not pins.LEFT_OUT.match("tritonclient")
