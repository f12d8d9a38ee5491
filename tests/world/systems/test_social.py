"""Chats and ties."""

from __future__ import annotations

import pytest

from townlet.world.state import TIE_SLOTS


def chat_until(story, event, tries=60):
    """Alice chats until a chat ends as wanted, forgetting all ties before each."""
    for _ in range(tries):
        story.state.ties.other[0] = -1
        for part in story.state.ties[1:]:
            part[0] = 0
        story.set("alice", chat_cooldown=0).do(alice="chat")
        if event in story.happened("alice"):
            return
    raise AssertionError(f"no {event} in {tries} chats")


@pytest.fixture
def pair(scene):
    """Alice and bob stand together, away from the others."""
    return scene.put(alice=(7, 1), bob=(7, 2), carol=(1, 8), dave=(1, 9)).set("alice", personality=[0.0, 0.0, 0.0])


def test_a_good_chat_brings_two_closer(pair):
    pair.set("bob", personality=[0.0, 0.0, 0.0])
    chat_until(pair, "chat_ok")
    quality = pair.happened("alice")["chat_quality"]
    assert 0 <= quality <= 1
    assert pair.state.events.chat_with[0, 0] == 1
    expected = pytest.approx((0.05 * quality, 0.10 * quality, 0.0), abs=1e-4)
    assert pair.tie("alice", "bob") == expected
    assert pair.tie("bob", "alice") == expected


def test_extroverts_feel_closer_after_it(pair):
    pair.set("bob", personality=[1.0, 0.0, 0.0])
    chat_until(pair, "chat_ok")
    assert pair.tie("bob", "alice")[1] == pytest.approx(1.5 * pair.tie("alice", "bob")[1], rel=1e-3)


def test_a_failed_chat_leaves_a_grudge_that_forgiveness_halves(pair):
    pair.set("bob", personality=[0.0, 1.0, 0.0])
    chat_until(pair, "chat_failed")
    assert not pair.get("alice", "last_ok")
    assert pair.tie("alice", "bob") == pytest.approx((0.0, -0.05, 0.05))
    assert pair.tie("bob", "alice") == pytest.approx((0.0, -0.025, 0.025))


def test_trust_and_familiarity_make_chats_succeed(pair):
    def rate(trust, familiarity):
        ok = 0
        for _ in range(200):
            pair.state.ties.other[0, 0, 0] = 1
            pair.state.ties.trust[0, 0, 0], pair.state.ties.familiarity[0, 0, 0] = trust, familiarity
            for who in ("alice", "bob", "carol", "dave"):
                pair.set(who, hunger=1.0, energy=1.0, hygiene=1.0)
            pair.set("alice", chat_cooldown=0).do(alice="chat")
            ok += "chat_ok" in pair.happened("alice")
        return ok / 200

    assert rate(0.0, 0.0) == pytest.approx(0.7, abs=0.1)
    assert rate(1.0, 0.5) > 0.95


def test_one_needs_somebody_free_in_reach(pair):
    assert "chat" in pair.can("alice")
    pair.put(bob=(5, 1))
    assert "chat" in pair.can("alice")  # two tiles away
    pair.put(bob=(4, 1))
    assert "chat" not in pair.can("alice")


def test_a_cook_is_busy_and_an_eater_is_not(scene):
    scene.set("bob", groceries=1, meals=1, hunger=0.4).put(bob="stove", alice=(2, 4), carol=(1, 8), dave=(1, 9))
    scene.do(bob="use")
    assert "chat" not in scene.can("alice")
    scene.do(bob="west").put(bob="table", alice=(3, 6)).do(bob="use")
    assert scene.doing("bob") == "eat"
    scene.do(alice="chat")
    assert scene.doing("bob") == "eat"


def test_chats_need_a_breath_between(pair):
    pair.do(alice="chat")
    assert "chat" not in pair.can("alice")
    pair.wait(12)
    assert "chat" in pair.can("alice")


def test_the_nearest_is_the_partner(pair):
    pair.put(carol=(5, 1))
    chat_until(pair, "chat_ok")
    assert pair.state.events.chat_with[0, 0] == 1


def test_six_ties_and_the_weakest_is_forgotten(stage):
    grid = "\n".join(["############", "#bbbbbbbb..#", "#..........#", "#..........#", "############"])
    story = stage(grid, "\n  - {name: hut, kind: home, rows: [2, 2], columns: [2, 9]}\n", agents=8)
    for slot in range(TIE_SLOTS):
        story.state.ties.other[0, 0, slot] = slot + 2
        story.state.ties.trust[0, 0, slot] = 0.5 - 0.05 * slot
    story.put(alice=(3, 1), bob=(3, 2))
    story.set("alice", chat_cooldown=0)
    before = story.happened("alice")
    story.do(alice="chat")
    others = story.state.ties.other[0, 0].tolist()
    assert 1 in others
    assert 7 not in others
    assert before == {}
    assert story.happened("alice")["tie_formed"] == 1


def test_ties_fade_every_hour_and_the_faintest_is_forgotten(scene):
    scene.put(carol=(7, 1))
    scene.state.ties.other[0, 0, :2] = (1, 2)
    scene.state.ties.trust[0, 0, :2] = (0.5, 0.01)
    scene.at(39).wait()
    assert scene.tie("alice", "bob")[0] == pytest.approx(0.5 * 0.998)
    assert scene.tie("alice", "carol") is None
    scene.wait(30)
    assert scene.tie("alice", "bob")[0] == pytest.approx(0.5 * 0.998)


def test_rivals_who_meet_as_arranged_and_talk_are_reconciled(pair):
    pair.state.ties.other[0, 0, 0] = 1
    for _ in range(20):
        pair.state.ties.rivalry[0, 0, 0] = 0.8
        pair.state.outside.meeting[0] = (1, 0)
        pair.state.outside.meeting_until[0] = 10_000
        pair.set("alice", chat_cooldown=0).do(alice="chat")
        if "chat_ok" in pair.happened("alice"):
            break
    assert pair.happened("alice")["reconciled"] == 1
    assert pair.tie("alice", "bob")[2] == pytest.approx(0.5, abs=0.02)
    assert pair.state.outside.meeting[0].tolist() == [-1, -1]
