"""Pictures: drawn without a warning, the same for the same data, in every format."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from townlet.errors import UsageError
from townlet.evaluation.names import HEADLINES
from townlet.evaluation.plots import (
    Curve,
    Gate,
    Spell,
    Tie,
    agent_day,
    comparison_plot,
    estimates_plot,
    figures_per_day,
    heat_map,
    learning_curves,
    queue_lengths,
    save_figure,
    svg_of,
    ties_graph,
)
from townlet.evaluation.plots.style import COLOURS
from townlet.evaluation.results import EvaluationResult, PairwiseComparison
from townlet.evaluation.statistics import difference, estimate

KINDS = ("bed", "shower", "stove")


def pictures() -> dict[str, object]:
    generator = np.random.Generator(np.random.PCG64(0))
    needs = {"hunger": generator.random(100), "energy": generator.random(100)}
    days = {"scripted": {"reward": generator.random((3, 8))}, "stub": {"reward": generator.random((3, 8))}}
    steps = np.arange(10.0)
    return {
        "days": figures_per_day(days, ["reward"]),
        "heat": heat_map(generator.integers(0, 9, (5, 7), np.uint32), np.eye(5, 7, dtype=bool), {"cafe": (2, 3)}),
        "queues": queue_lengths(generator.integers(1, 9, (3, 8), np.uint32), KINDS),
        "ties": ties_graph(["alice", "bob"], [Tie(0, 1, 0.5, 0.4, 0.0), Tie(1, 0, 0.0, 0.0, 0.9)]),
        "day": agent_day("alice", [Spell("sleep", 0, 30)], needs, (40, 70)),
        "jobless": agent_day("bob", [], needs, None),
        "learning": learning_curves({"run": [Curve("return", "reward", steps, steps)]}, "updates", [Gate(3.0, "PASS")]),
        "nobody": heat_map(np.zeros((5, 7), np.uint32), np.eye(5, 7, dtype=bool), {}),
    }


@pytest.mark.parametrize("name", list(pictures()))
def test_a_picture_is_whole_svg_and_the_same_each_time(name: str) -> None:
    first, second = svg_of(pictures()[name]), svg_of(pictures()[name])  # type: ignore[arg-type]
    assert first == second
    assert ElementTree.fromstring(first).tag.endswith("svg")


@pytest.mark.parametrize(("suffix", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("html", b"<!doctype html>")])
def test_a_picture_is_written_in_each_format(tmp_path: Path, suffix: str, begins: bytes) -> None:
    path = save_figure(pictures()["queues"], tmp_path / f"picture.{suffix}")  # type: ignore[arg-type]
    assert path.read_bytes().startswith(begins)


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="svg, png, html"):
        save_figure(pictures()["queues"], tmp_path / "picture.bmp")  # type: ignore[arg-type]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written") as caught:
        save_figure(pictures()["queues"], tmp_path / "no" / "picture.png")  # type: ignore[arg-type]
    assert str(tmp_path) in str(caught.value)


def test_shares_are_written_out_on_their_logarithmic_scale() -> None:
    figure = heat_map(np.array([[1, 10], [100, 1000]], np.uint32), np.zeros((2, 2), np.bool_), {})
    figure.canvas.draw()
    axis = figure.axes[1].yaxis
    texts = {label.get_text() for label in (*axis.get_ticklabels(), *axis.get_minorticklabels())}
    assert {"0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50"} <= texts


def test_what_is_counted_has_no_halves() -> None:
    steps = np.arange(3.0)
    figure = learning_curves({"run": [Curve("weight", "", steps, steps)]}, "stage")
    assert all(float(tick).is_integer() for tick in figure.axes[0].get_xticks())


def test_colours_differ_in_lightness_too() -> None:
    """Where hue is lost, lightness still tells neighbours of the palette apart."""
    rgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in COLOURS])
    luminance = rgb**2.2 @ np.array([0.2126, 0.7152, 0.0722])
    assert len(np.unique(luminance.round(2))) == len(COLOURS)


AWKWARD = (
    r"m$\frac{$",
    r"$\alpha$ and $x^2$",
    "_hidden",
    "a\nb\x1b[2J",
    "\ud800",
    "\u6771\u4eac",
    "x" * 5000,
    "$$",
    "%&#{}~^\\",
)


def named_by(name: str) -> dict[str, object]:
    """Every picture that shows a name that a file or a person gave."""
    generator = np.random.Generator(np.random.PCG64(0))
    steps = np.arange(3.0)
    curves = {name: [Curve(name, name, steps, steps)], f"{name} again": [Curve(name, name, steps, steps)]}
    reward = {"reward_per_agent_day": estimate(steps)}
    evaluations = [EvaluationResult.model_construct(policy=name, kpis=reward) for _ in range(2)]
    pair = PairwiseComparison(
        a=name, b=name, differences={"reward_per_agent_day": difference(steps, steps + 1)}, verdict=""
    )
    return {
        "days": figures_per_day({name: {"reward": generator.random((3, 8))}, "b": {"reward": generator.random((3, 8))}},
                                ["reward"]),
        "heat": heat_map(generator.integers(0, 9, (5, 7), np.uint32), np.eye(5, 7, dtype=bool), {name: (2, 3)}),
        "queues": queue_lengths(generator.integers(1, 9, (1, 8), np.uint32), [name]),
        "ties": ties_graph([name, "bob"], [Tie(0, 1, 0.5, 0.4, 0.0)]),
        "day": agent_day(name, [Spell(name, 0, 30)], {name: generator.random(100)}, (40, 70)),
        "learning": learning_curves(curves, name, [Gate(1.0, name)]),
        "estimates": estimates_plot(evaluations, list(reward)),
        "comparison": comparison_plot(pair, list(reward)),
    }  # fmt: skip


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("suffix", ["svg", "png", "html"])
def test_no_name_is_a_formula_a_command_or_a_warning(tmp_path: Path, name: str, suffix: str) -> None:
    for picture, figure in named_by(name).items():
        assert save_figure(figure, tmp_path / f"{picture}.{suffix}").stat().st_size > 500  # type: ignore[arg-type]


def test_a_name_is_drawn_as_it_is_spelled() -> None:
    figure = ties_graph(["a$x$b", "bob"], [])
    assert figure_texts(figure) >= {"a$x$b", "bob"}
    drawn = svg_of(figure)
    assert len(drawn) > len(svg_of(ties_graph(["axb", "bob"], [])))  # the dollars are drawn, too


def test_a_name_that_begins_with_an_underscore_stands_in_the_legend() -> None:
    days = {name: {"reward": np.ones((3, 8))} for name in ("_mine", "scripted")}
    legend = figures_per_day(days, ["reward"]).axes[0].get_legend()
    assert legend is not None
    assert [text.get_text().strip() for text in legend.get_texts()] == ["_mine", "scripted"]


def test_settings_of_matplotlib_that_lie_in_the_current_folder_call_no_latex(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\naxes.formatter.use_mathtext: True\n")
    code = (
        "from townlet.evaluation.plots import save_figure, ties_graph; from pathlib import Path;"
        "save_figure(ties_graph(['a', 'b'], []), Path('a.png')); save_figure(ties_graph(['a', 'b'], []), Path('a.svg'))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-800:]


@pytest.mark.parametrize(
    "settings", ["font.size: 60\nlines.linewidth: 9\naxes.facecolor: red\nlegend.loc: center\n", ""]
)
def test_a_picture_is_the_same_beside_settings_of_matplotlib(tmp_path: Path, settings: str) -> None:
    (tmp_path / "matplotlibrc").write_text(settings + "\x1b[2Jbad: \x1b[31m\n")
    code = (
        "import sys, numpy as np; from townlet.evaluation.plots import figures_per_day, svg_of;"
        "sys.stdout.write(svg_of(figures_per_day({'a': {'reward': np.ones((3, 8))}}, ['reward'])))"
    )
    beside, alone = (
        subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False)
        for cwd in (tmp_path, tmp_path.parent)
    )
    assert beside.stdout == alone.stdout
    assert "<svg" in alone.stdout
    assert "\x1b" not in beside.stderr


def test_settings_of_matplotlib_that_are_no_text_are_no_bug(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_bytes(b"\xff\xfe\x00bad")
    code = "from townlet.evaluation.plots import ties_graph; ties_graph(['a', 'b'], [])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "UsageError: matplotlib cannot read its settings" in done.stderr


def test_the_heading_of_a_page_with_a_picture_cannot_be_markup(tmp_path: Path) -> None:
    page = save_figure(pictures()["queues"], tmp_path / "<b>x.html")  # type: ignore[arg-type]
    assert "<title>&lt;b&gt;x</title>" in page.read_text()


def figure_texts(figure: object) -> set[str]:
    from matplotlib.text import Text

    return {text.get_text() for text in figure.findobj(Text)}  # type: ignore[attr-defined]


@pytest.mark.parametrize("policies", [1, 2, 5])
def test_no_heading_of_a_picture_covers_anything_else(policies: int) -> None:
    """Figures with the longest labels there are, three axes in a row and two."""
    sample = np.linspace(0.8, 0.9, 8)
    kpis = {name: estimate(sample) for name in HEADLINES}
    evaluations = [EvaluationResult.model_construct(policy=f"mind{n}", kpis=kpis) for n in range(policies)]
    days = {"scripted": {name: np.ones((3, 8)) for name in HEADLINES}}
    for figure in (estimates_plot(evaluations, list(HEADLINES)), figures_per_day(days, list(HEADLINES))):
        figure.canvas.draw()
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        axes = [ax for ax in figure.axes if ax.get_visible()]
        headings = [ax._left_title.get_window_extent(renderer) for ax in axes]
        ticks = [label.get_window_extent(renderer) for ax in axes for label in ax.get_xticklabels()]
        for one, heading in enumerate(headings):
            assert heading.x1 <= figure.bbox.x1, "a heading leaves the picture"
            assert not any(heading.overlaps(other) for other in headings[one + 1 :])
            assert not any(heading.overlaps(tick) for tick in ticks)


def test_equal_minds_are_better_on_no_town() -> None:
    found = difference(np.ones(6), np.ones(6))
    assert (found.equal, found.better_on, found.probability_of_improvement) == (1.0, 0.0, 0.5)
    half = difference(np.zeros(4), np.array([0.0, 0.0, 1.0, -1.0]))
    assert (half.equal, half.better_on) == (0.5, 0.25)
