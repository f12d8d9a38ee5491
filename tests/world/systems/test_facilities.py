"""Using a facility: what starts, what is refused, what it costs and brings."""

from __future__ import annotations

import pytest

ENOUGH = {"groceries": 3, "meals": 3, "money": 50.0, "energy": 0.5, "hygiene": 0.5, "hunger": 0.5}


@pytest.mark.parametrize(
    ("spot", "name", "ticks"),
    [
        ("bed of alice", "sleep", 109),  # up to full: 0.5 at 0.0055 - 0.0009 a tick
        ("shower", "shower", 21),
        ("stove", "cook", 40),
        ("table", "eat", 15),
        ("till", "buy_groceries", 10),
        ("counter", "buy_meal", 20),
        ("bench", "rest", 20),
    ],
)
def test_each_affordance_starts_runs_and_ends(scene, spot, name, ticks):
    scene.set("alice", **ENOUGH).put(alice=spot).do(alice="use")
    assert scene.doing("alice") == name
    assert scene.state.events.started[0, 0] == scene.town.affordances.index(name)
    ran = 1
    while scene.doing("alice") == name and ran < 500:
        scene.wait()
        ran += 1
    assert scene.finished("alice") == name
    assert ran == pytest.approx(ticks, abs=1)
    assert scene.objects.user.max() == -1


def test_cooking_turns_groceries_into_a_meal(scene):
    scene.set("alice", groceries=2, meals=0).put(alice="stove").do(alice="use").wait(39)
    assert (scene.get("alice", "groceries"), scene.get("alice", "meals")) == (1, 1)


def test_eating_a_meal_stills_hunger(scene):
    scene.set("alice", meals=1, hunger=0.2).put(alice="table").do(alice="use").wait(14)
    assert scene.get("alice", "meals") == 0
    assert scene.get("alice", "hunger") == pytest.approx(0.2 + 0.7, abs=0.04)


def test_shopping_costs_the_price_in_force(scene):
    scene.set("alice", money=20.0, groceries=0).put(alice="till")
    scene.state.outside.prices[0, 0] = 15.0
    scene.state.outside.price_until[0, 0] = 10_000
    stock = scene.objects.stock[0, scene.object("till 1")]
    scene.do(alice="use").wait(9)
    assert scene.get("alice", "money") == pytest.approx(5.0)
    assert scene.get("alice", "groceries") == 3
    assert scene.happened("alice") == {"spent": 15.0}
    assert scene.objects.stock[0, scene.object("till 1")] == stock - 1


@pytest.mark.parametrize(
    ("spot", "lacking"),
    [
        ("stove", {"groceries": 0}),
        ("table", {"meals": 0}),
        ("table", {"hunger": 0.95}),
        ("till", {"money": 11.0}),
        ("counter", {"money": 6.0}),
        ("shower", {"hygiene": 0.95}),
        ("shower", {"money": 0.5}),
        ("bed of alice", {"energy": 0.95}),
        ("bench", {"energy": 0.95}),
    ],
)
def test_what_is_lacking_masks_the_use(scene, spot, lacking):
    scene.set("alice", **ENOUGH).put(alice=spot)
    assert "use" in scene.can("alice")
    scene.set("alice", **lacking)
    assert "use" not in scene.can("alice")


def test_an_empty_shelf_sells_nothing(scene):
    scene.set("alice", **ENOUGH).put(alice="till")
    scene.objects.stock[0, scene.object("till 1")] = 0.0
    assert "use" not in scene.can("alice")


def test_the_bed_of_another_is_not_for_me(scene):
    scene.put(bob="away").set("alice", energy=0.3).put(alice=(1, 3))
    assert "use" not in scene.can("alice")


def test_no_facility_in_reach_means_no_use(scene):
    scene.set("alice", **ENOUGH).put(bob=(2, 9))
    assert "use" not in scene.can("bob")


def test_a_masked_choice_has_no_effect_but_is_marked(scene):
    import numpy as np

    from townlet.world import bind, step_towns

    scene.put(alice="stove").set("alice", groceries=0)
    step_towns(bind(scene.state), bind(scene.tables), np.array([5, 0, 0, 0]))
    assert not scene.get("alice", "last_ok")
    assert scene.doing("alice") is None


def test_of_two_who_reach_for_it_at_once_one_queues(scene):
    scene.set("alice", groceries=1).set("bob", groceries=1).put(alice="stove", bob="beside the stove")
    scene.do(alice="use", bob="use")
    assert sorted([scene.doing("alice") or "-", scene.doing("bob") or "-"]) == ["-", "cook"]
    assert len(scene.queue("stove 1")) == 1


def test_company_at_a_neighbouring_table_makes_a_shared_meal(scene):
    for who in ("alice", "bob"):
        scene.set(who, meals=1, hunger=0.2)
    scene.put(alice="table", bob="other table").do(alice="use").wait(4).do(bob="use").wait(14)
    assert scene.happened("alice") == {"shared_meal": 1, "tie_formed": 1}
    assert scene.happened("bob")["shared_meal"] == 1
    assert scene.tie("alice", "bob") == pytest.approx((0.10, 0.25, 0.0))
    assert scene.tie("bob", "alice") == pytest.approx((0.10, 0.25, 0.0))


def test_a_meal_long_after_is_not_shared(scene):
    for who in ("alice", "bob"):
        scene.set(who, meals=1, hunger=0.2)
    scene.put(alice="table", bob="other table").do(alice="use").wait(60).do(bob="use").wait(14)
    assert scene.finished("bob") == "eat"
    assert "shared_meal" not in scene.happened("bob")
