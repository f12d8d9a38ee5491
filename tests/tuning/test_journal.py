from __future__ import annotations

import pytest

from townlet.errors import UsageError
from townlet.tuning import StudyJournal, Trial


def trial(number: int, objective: float | None = 1.0, shortfall: float = 0.0) -> Trial:
    return Trial(
        number=number, values={"policy.options.eat_below": 0.1 * number}, objective=objective, shortfall=shortfall
    )


def test_trials_come_back_as_they_were_told(tmp_path):
    journal = StudyJournal(tmp_path / "trials.jsonl")
    assert journal.read() == []
    told = [trial(0), trial(1, None), trial(2, 1 / 3)]
    for one in told:
        journal.add(one)
    assert journal.read() == told


def test_a_line_that_a_kill_cut_off_is_dropped_and_the_file_goes_on_whole(tmp_path):
    journal = StudyJournal(tmp_path / "trials.jsonl")
    journal.add(trial(0))
    with journal.path.open("a") as file:
        file.write(trial(1).model_dump_json()[:30])
    assert journal.read() == [trial(0)]
    journal.add(trial(1))
    assert journal.read() == [trial(0), trial(1)]


@pytest.mark.parametrize("text", ["{}\n", "nonsense\n", "[]\n", '{"number": 0, "values": {}, "objective": NaN}\n'])
def test_another_file_is_refused(tmp_path, text):
    path = tmp_path / "trials.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"does not hold|is expected|cannot be read"):
        StudyJournal(path).read()


def test_numbers_that_are_missing_or_twice_are_refused(tmp_path):
    journal = StudyJournal(tmp_path / "trials.jsonl")
    journal.add(trial(0))
    journal.add(trial(0))
    with pytest.raises(UsageError, match="numbered from 0 on"):
        journal.read()


def test_who_keeps_the_constraints_comes_first_and_who_failed_last():
    trials = [trial(0, 5.0, 0.2), trial(1, None), trial(2, 1.0), trial(3, 2.0), trial(4, 9.0, 0.1)]
    assert [t.number for t in sorted(trials, key=lambda t: t.rank(maximise=True))] == [3, 2, 4, 0, 1]
    assert [t.number for t in sorted(trials, key=lambda t: t.rank(maximise=False))] == [2, 3, 4, 0, 1]
