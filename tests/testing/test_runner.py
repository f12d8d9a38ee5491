from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from townlet.errors import ConfigError
from townlet.testing import ALL_CHECKS, LEVELS, CheckSkip, read_expected_failures, run_checks

CHOOSES_MASKED = "semantics.masked-actions-are-never-chosen"


def outcomes(report) -> dict[str, str]:
    return {result.name: result.outcome for result in report.results}


def test_every_check_has_its_own_name_a_level_and_a_rule() -> None:
    names = [check.name for check in ALL_CHECKS]
    assert len(set(names)) == len(names)
    assert {check.level for check in ALL_CHECKS} == set(range(len(LEVELS)))
    assert all(check.rule.endswith(".") for check in ALL_CHECKS)


def test_a_check_builds_only_on_checks_that_run_before_it() -> None:
    seen: set[str] = set()
    for check in ALL_CHECKS:
        assert set(check.after) <= seen, check.name
        seen.add(check.name)


def test_checks_are_chosen_by_what_the_backend_claims(subject_of, zoo) -> None:
    plain = outcomes(run_checks(subject_of()))
    learning = outcomes(run_checks(subject_of(learner=zoo.GoodLearner, capabilities=("act", "learn.bc"))))
    assert "learning.clones-a-tiny-teacher" not in plain
    assert "learning.clones-a-tiny-teacher" in learning
    assert "learning.solves-a-bandit-town" not in learning


class TestExpectedFailures:
    def test_an_expected_failure_does_not_count_against_the_backend(self, subject_of, zoo) -> None:
        report = run_checks(subject_of(policy=zoo.ChoosesMasked), expected={CHOOSES_MASKED: "known, being mended"})
        assert outcomes(report)[CHOOSES_MASKED] == "expected-failure"
        assert report.conforms
        assert report.levels[3].expected_failed == 1

    def test_it_is_strict_what_passes_is_no_expected_failure(self, subject_of) -> None:
        report = run_checks(subject_of(), expected={CHOOSES_MASKED: "once"})
        assert outcomes(report)[CHOOSES_MASKED] == "unexpected-pass"
        assert not report.conforms

    def test_a_file_gives_names_and_reasons(self, tmp_path: Path) -> None:
        path = tmp_path / "expected.toml"
        path.write_text(f'[expected]\n"{CHOOSES_MASKED}" = "known"\n')
        assert read_expected_failures(path) == {CHOOSES_MASKED: "known"}

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('[expected]\n"semantics.no-such-check" = "why"\n', "no check is named"),
            (f'[expected]\n"{CHOOSES_MASKED}" = " "\n', "needs a reason"),
            (f'[expected]\n"{CHOOSES_MASKED}" = 3\n', "needs a reason"),
            ("expected = 3\n", "needs a reason"),
            ("[expected\n", "cannot be read"),
        ],
    )
    def test_a_file_that_says_something_else_is_refused(self, tmp_path: Path, text: str, message: str) -> None:
        path = tmp_path / "expected.toml"
        path.write_text(text)
        with pytest.raises(ConfigError, match=message):
            read_expected_failures(path)

    def test_a_file_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read"):
            read_expected_failures(tmp_path / "nowhere.toml")


def test_a_level_in_which_too_little_ran_says_nothing(subject_of, zoo) -> None:
    report = run_checks(subject_of(policy=zoo.NoExplore))
    assert [count.name for count in report.below_floor] == [
        "protocol",
        "semantics",
        "determinism and state",
        "resources",
    ]
    assert not report.conforms


def test_the_floor_bites_where_nothing_failed(subject_of) -> None:
    def nothing_to_look_at(subject):
        raise CheckSkip("nothing to look at")

    some = [check for check in ALL_CHECKS if check.level == 3][:6]
    idle = [replace(check, run=nothing_to_look_at) for check in some]
    one, two = (run_checks(subject_of(), checks=[*idle[:n], *some[n:]]) for n in (1, 2))
    assert (one.levels[3].ran, one.levels[3].floor, one.conforms) == (5, 5, True)
    assert (two.levels[3].ran, two.levels[3].floor, two.conforms) == (4, 5, False)
    assert not any(level.failed for level in two.levels)


def test_an_expected_failure_on_which_a_level_builds_does_not_conform(subject_of, zoo) -> None:
    report = run_checks(subject_of(policy=zoo.NoExplore), expected={"protocol.policy-has-the-methods": "one day"})
    assert not any(level.failed for level in report.levels)
    assert report.levels[3].ran == 0 < report.levels[3].floor
    assert not report.conforms


def test_a_crash_of_the_backend_is_its_failure_and_not_the_kits(subject_of, zoo) -> None:
    class Crashes(zoo.GoodPolicy):
        def decide(self, observations, state, *, explore=False):
            raise ZeroDivisionError("of its own making")

    report = run_checks(subject_of(policy=Crashes))
    failed = [r for r in report.results if r.outcome == "failed"]
    assert [r.name for r in failed] == ["protocol.decision-has-the-right-shape"]
    assert failed[0].message == "ZeroDivisionError: of its own making"
