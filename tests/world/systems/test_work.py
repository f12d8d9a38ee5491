"""Shifts, wages, lateness, absence, posts that change hands. Post 0: ticks 180-460, post 1: 500-780."""

from __future__ import annotations

import pytest

from townlet.world.names import SHIFT_DUE, SHIFT_EXCUSED, SHIFT_LATE, SHIFT_OFF, SHIFT_ON_TIME

START, END = 180, 460


@pytest.fixture
def worker(scene):
    """Alice holds the morning post; it is the tick before her shift."""
    return scene.employ("alice", 0).at(START - 1).put(alice="far")


def fed(story, who="alice"):
    return story.set(who, hunger=1.0, energy=1.0, hygiene=1.0, money=20.0)


def test_there_before_the_shift_is_on_time(worker):
    worker.put(alice="desk").wait()
    assert worker.happened("alice") == {"on_time": 1}
    assert worker.get("alice", "shift_phase") == SHIFT_ON_TIME
    assert worker.get("alice", "in_shift")
    assert worker.get("alice", "on_site")


def test_due_and_not_there_counts_ticks(worker):
    worker.wait(6)
    assert worker.get("alice", "shift_phase") == SHIFT_DUE
    assert worker.get("alice", "late_ticks") == 6


def test_within_the_grace_is_still_on_time(worker):
    worker.wait(15).put(alice="desk").wait()
    assert worker.happened("alice") == {"on_time": 1}


def test_beyond_the_grace_is_late_and_costs_a_fee(worker):
    fed(worker).wait(30).put(alice="desk").wait()
    assert worker.get("alice", "shift_phase") == SHIFT_LATE
    assert worker.happened("alice") == {"late": 1, "late_ticks": 30, "fee": 1.0}
    assert worker.get("alice", "money") == pytest.approx(19.0)


def test_a_poor_one_pays_what_it_has(worker):
    worker.set("alice", money=0.25).wait(30).put(alice="desk").wait()
    assert worker.happened("alice")["fee"] == pytest.approx(0.25)
    assert worker.get("alice", "money") == 0


def test_wages_come_each_tick_at_work_and_only_then(worker):
    fed(worker).put(alice="desk").wait()
    assert "wages" not in worker.happened("alice")  # on the site, but idle
    worker.do(alice="use")
    assert worker.doing("alice") == "work"
    assert worker.happened("alice") == {"wages": pytest.approx(0.1)}
    worker.wait(9)
    assert worker.get("alice", "money") == pytest.approx(21.0, abs=1e-4)
    worker.do(alice="south")
    assert worker.doing("alice") is None
    assert worker.wait().happened("alice") == {}


def test_nobody_works_outside_the_shift(worker):
    assert "use" not in worker.at(100).put(alice="desk").can("alice")
    assert "use" not in worker.at(480).wait().can("alice")


def test_work_ends_with_the_shift_and_counts_as_attended(worker):
    fed(worker).put(alice="desk").wait().do(alice="use")
    worker.set("alice", attendance=0.5)
    for _ in range(END - START):
        worker.wait()
        if worker.doing("alice") is None:
            break
    assert worker.finished("alice") == "work"
    assert worker.state.clock.tick[0] == END
    assert worker.happened("alice")["attended"] == 1
    assert worker.get("alice", "attendance") == pytest.approx(0.7 * 0.5 + 0.3)
    assert worker.get("alice", "shift_phase") == SHIFT_OFF


def test_too_little_work_is_an_absence(worker):
    fed(worker).put(alice="desk").wait().do(alice="use").wait(50).do(alice="south")
    worker.at(END - 1).wait()
    assert worker.happened("alice") == {"absent": 1}
    assert worker.get("alice", "absences") == 1
    assert worker.get("alice", "attendance") == pytest.approx(0.7)


def test_three_absences_in_a_row_cost_the_job(worker):
    worker.set("alice", absences=2).wait().at(END - 1).wait()
    assert worker.happened("alice") == {"absent": 1, "job_lost": 1}
    assert worker.get("alice", "job") == -1
    assert worker.state.posts.holder[0, 0] == -1


def test_the_jobless_find_a_vacant_post_in_the_morning(worker):
    worker.dismiss("alice")
    for who in ("bob", "carol", "dave"):
        worker.set(who, rent_due=0.0)
    worker.at(999).wait()
    assert sorted(worker.state.posts.holder[0].tolist()) != [-1, -1]


def test_jobs_exist_every_day(worker):
    for day in range(3):
        worker.put(alice="desk").at(1000 * day + START - 1).wait()
        assert worker.happened("alice") == {"on_time": 1}, day
        fed(worker).do(alice="use")
        assert worker.happened("alice")["wages"] > 0
        worker.set("alice", shift_worked=200).at(1000 * day + END - 1).wait()
        assert worker.happened("alice")["attended"] == 1
        worker.put(alice="far")


def test_a_vacant_post_can_be_taken_over_at_its_desk(scene):
    scene.at(200).set("bob", energy=0.9).put(bob="desk").do(bob="use")
    assert scene.doing("bob") == "work"
    assert scene.happened("bob")["takeover"] == 1
    assert scene.state.posts.holder[0, 0] == 1
    assert scene.get("bob", "shift_phase") == SHIFT_EXCUSED


def test_the_post_of_one_who_is_on_the_way_cannot(worker):
    worker.wait(60).put(bob="desk")
    assert "use" not in worker.can("bob")


def test_an_abandoned_post_can_and_its_holder_resents_it(worker):
    worker.set("alice", personality=[0.0, 0.0, 1.0]).wait(101).put(bob="desk").do(bob="use")
    assert worker.happened("bob")["takeover"] == 1
    assert worker.happened("alice") == {"post_taken": 1, "tie_formed": 1}
    assert worker.get("alice", "job") == -1
    assert not worker.get("alice", "in_shift")
    assert worker.tie("alice", "bob") == pytest.approx((-0.10, 0.0, 0.39))


def test_a_shift_taken_over_in_the_middle_is_not_judged(scene):
    scene.at(400).put(bob="desk").do(bob="use")
    scene.at(END - 1).wait()
    assert scene.happened("bob").keys().isdisjoint({"absent", "attended"})
    assert scene.get("bob", "in_shift") is False


def test_friends_at_work_make_it_lighter_and_rivals_heavier(scene):
    def tiredness(trust, rivalry):
        scene.put(alice="desk", bob=(6, 6)).at(200).employ("alice", 0)
        scene.set("alice", energy=0.8, activity=-1, in_shift=True, shift_phase=SHIFT_ON_TIME)
        scene.state.ties.other[0, 0, 0] = 1
        scene.state.ties.trust[0, 0, 0] = trust
        scene.state.ties.rivalry[0, 0, 0] = rivalry
        scene.do(alice="use")
        scene.wait()
        lost = 0.8 - scene.get("alice", "energy")
        scene.do(alice="south")
        return lost

    friendly, neutral, hostile = tiredness(0.8, 0.0), tiredness(0.001, 0.0), tiredness(0.0, 0.8)
    assert friendly < neutral < hostile
