"""Minds meet strangers, and each other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import townlet.arena
from townlet.arena import Anchor, ArenaResult, Suite, join_results, load_suite, meet
from townlet.arena.anchors import Anchors, KeptAnchor
from townlet.arena.matches import Setting
from townlet.arena.naming import RANDOM, mind_under_test
from townlet.arena.page import arena_page
from townlet.arena.suites import Archetype
from townlet.checkpoints import write_checkpoint
from townlet.cli.app import townlet as command
from townlet.config import load_config
from townlet.config.execution import ExecutionConfig
from townlet.errors import TownletError, UsageError
from townlet.executors import open_executor
from townlet.observations import build_spec, town_facts
from townlet.play import Casting, MindSpec, play
from townlet.play.reserve import RESERVED_RULES, refuse_reserved, reserved
from townlet.play.stored import Stored


def minds(*names: str, suite: Suite) -> list[MindSpec]:
    casting = Casting.of(load_config())
    return [mind_under_test(name, suite, casting) for name in names]


def without_timing(result: ArenaResult) -> dict:
    data = result.model_dump(mode="json")
    del data["timing"]
    return data


def test_a_mind_of_the_background_in_its_own_place_changes_nothing(suite: Suite) -> None:
    result = meet(minds("host", "scripted", suite=suite), suite, scenarios=["crowd"], matrix=False)
    (scenario,) = result.scenarios
    own, other = scenario.standings
    assert own.per_seed["presence"] == (0.0, 0.0, 0.0)
    assert any(other.per_seed["presence"])
    assert scenario.agents == 4


def test_the_people_under_test_are_the_same_for_every_mind(suite: Suite) -> None:
    setting = Setting.of(suite, suite.scenario("pushed"))
    seats = [play(setting.job(mind)).players for mind in (RANDOM, *minds("scripted", suite=suite))]
    assert (seats[0] == seats[1]).all()
    assert ((seats[0] == 0).sum(axis=1) == 1).all()
    assert len({row.tobytes() for row in seats[0]}) > 1, "and drawn for each town"


def test_what_the_check_counts_is_who_plays(suite: Suite) -> None:
    for scenario in suite.scenarios:
        setting = Setting.of(suite, scenario)
        seats = play(setting.job(RANDOM)).players
        counts = [[int((row == role).sum()) for role in range(1 + len(setting.background))] for row in seats]
        assert setting.seating().tolist() == counts


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"focal": "5%"}, "in the town of seed 1003 the mind under test plays 0 of 4 people"),
        ({"focal": "alice,bob,carol,dave"}, "in the town of seed 1003 the mind under test plays 4 of 4 people"),
        ({"focal": "75%"}, "'host' plays nobody in any of its towns: 1 of 4 people are left for 2 minds"),
    ],
)
def test_fewer_people_than_minds_are_refused_before_anything_is_played(
    suite: Suite, changes: dict[str, str], told: str
) -> None:
    crowd = suite.scenarios[1]
    short = suite.model_copy(update={"scenarios": (crowd, suite.scenarios[0].model_copy(update=changes))})
    begun = []
    with pytest.raises(UsageError, match=f"scenario 'pushed': {told}") as refused:
        meet([RANDOM], short, progress=lambda *told: begun.append(told))
    assert refused.value.details == (
        "give its focal and background other shares, or fewer minds, or a map of more people",
    )
    assert begun == []


def test_minds_of_equal_shares_take_turns_where_places_are_short(suite: Suite) -> None:
    """One place for three: each of them has it in some town."""
    three = [MindSpec(requested=name, backend="scripted", options={}) for name in ("a", "b", "c")]
    crowd = suite.model_copy(update={"seeds": 24}).among(three)
    seating = Setting.of(crowd, crowd.scenario("crowd")).seating()
    assert (seating.sum(axis=1) == 4).all()
    assert (seating[:, 1:].sum(axis=0) > 0).all()


def test_where_jobs_are_played_does_not_matter(suite: Suite) -> None:
    """In two processes, and here: the same numbers."""
    both = minds("scripted", "random", suite=suite)
    here = meet(both, suite, scenarios=["pushed"])
    with open_executor(ExecutionConfig(workers=2), say=lambda _: None) as two:
        there = meet(both, suite, scenarios=["pushed"], executor=two)
    assert without_timing(there) == without_timing(here)
    assert here.matrix is not None
    assert len(here.matrix.cells) == 8, "two with themselves, and two pairs in three shares"


def test_archetypes_of_the_public_suite_are_minds_in_every_suite(suite: Suite) -> None:
    host, classic, hermit = minds("host", "classic", "hermit", suite=load_suite("held-out"))
    assert (host.options, classic.options) == ({"preset": "host"}, {"preset": "classic"})
    assert hermit.options == load_suite("held-out").minds["hermit"].options
    (own,) = minds("host", suite=suite.model_copy(update={"minds": {"host": Archetype(options={"patience": 1})}}))
    assert own.options == {"patience": 1}, "a suite's own comes first"


def test_scores_lie_between_the_anchors(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = meet(minds("scripted", suite=suite), suite, matrix=False)
    assert plain.totals[0].score is None
    assert "has no anchors" in plain.warnings[0]
    kept = KeptAnchor(zero=-2.0, one=2.0, one_is="made up", scenario_digest="0" * 64, people={})
    anchors = Anchors({scenario.name: kept for scenario in suite.scenarios})
    monkeypatch.setattr(Anchors, "of", classmethod(lambda cls, suite: anchors))
    scored = meet(minds("scripted", suite=suite), suite, matrix=False)
    for scenario in scored.scenarios:
        (standing,) = scenario.standings
        expected = [(value + 2.0) / 4.0 for value in standing.per_seed["focal_return"]]
        assert standing.per_seed["score"] == pytest.approx(expected)
    assert scored.totals[0].score is not None
    assert scored.warnings[0].startswith("the people of pushed, crowd act otherwise"), "nobody knows who lived there"


def test_a_suite_may_be_played_in_parts(suite: Suite) -> None:
    both = minds("scripted", "random", suite=suite)
    parts = [meet(both, suite, scenarios=[name], matrix=False) for name in ("pushed", "crowd")]
    assert without_timing(join_results(parts)) == without_timing(meet(both, suite, matrix=False))
    with pytest.raises(UsageError, match="'pushed' is in two"):
        join_results([parts[0], parts[0]])
    with pytest.raises(UsageError, match="other minds"):
        join_results([parts[0], meet(minds("random", suite=suite), suite, scenarios=["crowd"], matrix=False)])
    with pytest.raises(UsageError, match="other suites"):
        join_results([parts[0], parts[1].model_copy(update={"suite_digest": "0" * 64})])
    with pytest.raises(UsageError, match="no result"):
        join_results([])


def test_a_mind_that_is_given_twice_and_none_at_all_are_refused(suite: Suite) -> None:
    with pytest.raises(UsageError, match="each once"):
        meet(minds("scripted", "scripted", suite=suite), suite)
    with pytest.raises(UsageError, match="each once"):
        meet([], suite)


def test_the_page_escapes_names_and_says_the_numbers(suite: Suite) -> None:
    evil = MindSpec(requested="<script>alert(1)</script>", backend="scripted", options={})
    result = meet([evil], suite, scenarios=["crowd"], matrix=False)
    html = arena_page(result).html()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert f"{result.totals[0].focal_return.mean:.3f}" in html


def test_the_page_has_every_measure_and_says_what_the_scale_is(suite: Suite) -> None:
    result = meet(minds("random", "host", suite=suite), suite, scenarios=["crowd"], matrix=False)
    (scenario,) = result.scenarios
    html = arena_page(result).html()
    assert "It has no scale, so there are returns and no scores." in html
    for standing in scenario.standings:
        for name, found in standing.measures.items():
            form = "+z.3f" if name == "presence" else "z.3f"
            assert f"<td>{found.mean:{form}} [{found.low:{form}}, {found.high:{form}}]</td>" in html, name
    anchor = Anchor(zero=-7.0, one=0.9, one_is="pytorch, a mind that learned", kind="exploiter")
    standings = tuple(
        one.model_copy(update={"per_seed": {**one.per_seed, "score": (0.5, 0.6, 0.7)}}) for one in scenario.standings
    )
    other = scenario.model_copy(update={"anchor": anchor, "standings": standings})
    scored = result.model_copy(update={"scenarios": (other,)})
    told = "Score 0 is a return of -7.000 (at random), score 1 one of 0.900 (pytorch, a mind that learned)."
    assert told in arena_page(scored).html()


class TestReserve:
    @pytest.mark.parametrize(
        ("override", "told"),
        [
            ("town.map=causeway", "the map 'causeway' is held out"),
            ("town.queues.push_cooldown=10", "town.queues.push_cooldown is 10"),
            ("town.outside.blackouts=3", "town.outside.blackouts is 3"),
        ],
    )
    def test_training_where_minds_are_tested_is_refused_by_name(self, override, told) -> None:
        with pytest.raises(UsageError, match="must not be trained there") as caught:
            refuse_reserved(load_config(None, [override]))
        assert told in str(caught.value)

    def test_seeds_are_held_out_too(self) -> None:
        town = town_facts(load_config().town)
        assert reserved(town, [5, 880_000_005]) == ["seed 880000005 is held out (880000000 to 889999999 are)"]

    def test_the_default_town_and_other_maps_are_free(self) -> None:
        for overrides in ([], ["town.map=hamlet"], ["town.map=barracks"], ["town.map=generated"]):
            assert reserved(town_facts(load_config(None, overrides).town), range(1000)) == []

    def test_a_copy_of_a_map_is_the_same_map(self, tmp_path: Path) -> None:
        from importlib.resources import files

        copy = tmp_path / "mine.yaml"
        copy.write_bytes(files("townlet.world").joinpath("data", "maps", "tower.yaml").read_bytes())
        config = load_config(None, [f"town.map={copy}"])
        copy.unlink()  # the config holds what was in it
        assert reserved(town_facts(config.town)) == ["the map 'tower' is held out"]

    def test_every_range_is_of_a_key_that_there_is(self) -> None:
        rules = town_facts(load_config().town).rules
        for key, (least, most) in RESERVED_RULES.items():
            assert not least <= float(rules[key]) <= most, f"{key}: the default is not held out"

    @pytest.mark.parametrize(("town", "free"), [("causeway", False), ("hamlet", True)])
    def test_a_checkpoint_that_was_taught_there_is_not_tested_there(
        self, tmp_path: Path, town: str, free: bool
    ) -> None:
        config = load_config(None, [f"town.map={town}"])
        facts = town_facts(config.town)
        wrote = write_checkpoint(
            tmp_path / "taught",
            lambda folder: (folder / "weights").write_bytes(b"w"),
            backend="toy",
            spec=build_spec(config),
            facts=facts,
            config_digest="0" * 64,
        )
        mind = MindSpec(requested="toy:taught", backend="toy", checkpoint=Stored(wrote.digest, wrote.path))
        held_out = load_suite("held-out")
        with pytest.raises(TownletError) as caught:
            meet([mind], held_out, scenarios=["causeway"], matrix=False)
        assert ("was taught where minds are tested" in str(caught.value)) != free


class TestCommand:
    @pytest.fixture
    def call(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suite: Suite):
        monkeypatch.chdir(tmp_path)
        return lambda *words: CliRunner().invoke(command, ["arena", *words])

    def test_tables_and_a_page(self, call, tmp_path: Path) -> None:
        done = call(
            "scripted", "random", "--suite", "mine.yaml", "--scenario", "crowd", "--no-matrix", "--report", "a.html"
        )
        assert done.exit_code == 0, done.output
        assert "suite mine" in done.output
        assert "presence" in done.output
        assert "crowd" in done.output
        assert "<h1>Arena: scripted, random</h1>" in (tmp_path / "a.html").read_text("utf-8")

    def test_where_one_scenario_has_no_scale_the_table_is_of_returns(self, call, tmp_path: Path) -> None:
        data = Path(townlet.arena.__file__).parent / "data"
        text = (data / "public.yaml").read_text("utf-8").replace("spike_factor: 1.8", "spike_factor: 1.9")
        (tmp_path / "changed.yaml").write_text(text, "utf-8")
        (tmp_path / "changed.anchors.json").write_bytes((data / "public.anchors.json").read_bytes())
        shutil.copytree(data / "minds", tmp_path / "minds")
        words = ("scripted", "--suite", "changed.yaml", "--scenario", "market", "--no-matrix", "--json")
        (result,) = json.loads(call(*words).stdout)["scenarios"]
        (standing,) = result["standings"]
        told = {"score": standing["score"], "return": standing["measures"]["focal_return"]}
        told = {name: f"{found['mean']:.3f}" for name, found in told.items()}
        assert told["score"] != told["return"]
        alone = call(*words[:-1]).stdout.split("scenario by scenario: ")[1]
        both = call(*words[:-1], "--scenario", "dear-food").stdout.split("scenario by scenario: ")[1]
        for shown, measure in ((alone, "score"), (both, "return")):
            assert shown.startswith(f"{measure}\n")
            (line,) = (line for line in shown.splitlines() if line.startswith("market"))
            assert line.split()[-1] == told[measure]

    def test_json_is_the_result(self, call) -> None:
        done = call("scripted", "--suite", "mine.yaml", "--json")
        assert done.exit_code == 0, done.output
        result = ArenaResult.model_validate_json(done.stdout)
        assert [s.name for s in result.scenarios] == ["pushed", "crowd"]
        assert result.provenance["scripted"]["active"] == "scripted"

    def test_other_people(self, call, tmp_path: Path) -> None:
        words = ("scripted", "--suite", "mine.yaml", "--background", "random")
        both = (*words, "--background", "host")
        done = call(*both, "--scenario", "pushed", "--watch", "none", "--report", "a.html")
        assert done.exit_code == 0, done.output
        assert "--background random --background host" in (tmp_path / "a.html").read_text("utf-8")
        refused = call(*both)
        assert isinstance(refused.exception, UsageError)
        assert "scenario 'crowd': 'host' plays nobody in any of its towns" in refused.exception.summary
        crowd = call(*words, "--scenario", "crowd", "--json")
        alone = call("scripted", "--suite", "mine.yaml", "--scenario", "crowd", "--json")
        found, plain = (
            ArenaResult.model_validate_json(each.stdout).scenarios[0].standings[0] for each in (crowd, alone)
        )
        assert found.measures["background_return"].mean < plain.measures["background_return"].mean

    def test_lint(self, call) -> None:
        assert "suite mine is fine: 2 scenarios" in call("--suite", "mine.yaml", "--lint").output

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            ((), "needs a mind or more"),
            (("scripted", "--suite", "pblic"), "did you mean 'public'"),
            (("scripted", "--scenario", "island"), "did you mean 'islands'"),
            (("scripted", "scripted"), "each once"),
            (("mixture:a",), "mixture"),
        ],
    )
    def test_bad_input_is_said_and_nothing_is_played(self, call, words, told) -> None:
        done = call(*words)
        assert done.exit_code != 0
        assert told in str(done.exception) + done.output
