"""What the mind wants and does, scene by scene."""

from __future__ import annotations

import pytest

from townlet_backend_scripted.rules import RULES

HUNGRY, STARVING = 0.45, 0.30
WORK = {"has_job": 1.0}
SOON = {**WORK, "to_shift_start": 0.1}
KEEPS = {"reserve_money": 20, "eat_poor_below": 0.4}


@pytest.mark.parametrize(
    ("features", "rule", "action"),
    [
        ({}, "wait", "wait"),
        # food
        ({"need_hunger": HUNGRY}, "eat", "east"),
        ({"need_hunger": HUNGRY, "table_here": 1, "table_usable": 1}, "eat", "use"),
        ({"need_hunger": HUNGRY, "meals": 0}, "buy a meal for once", "east"),
        ({"need_hunger": HUNGRY, "meals": 0, "wallet": 0.3}, "cook at once", "east"),
        ({**SOON, "need_hunger": 0.6, "meals": 0}, "eat out", "east"),
        ({**SOON, "need_hunger": 0.6, "meals": 0, "wallet": 0.3}, "cook a meal", "east"),
        ({**SOON, "need_hunger": 0.6, "meals": 0, "wallet": 0.3, "power": 0}, "wait", "wait"),
        ({"need_hunger": STARVING, "meals": 0, "wallet": 0.3, "power": 0}, "buy a meal at once", "east"),
        ({"need_hunger": STARVING, "meals": 0, "counter_queue": 1, "groceries": 0}, "shop for food at once", "east"),
        ({"need_hunger": STARVING, "meals": 0, "groceries": 0, "wallet": 0}, "wait", "wait"),
        ({"groceries": 0}, "fill the larder", "east"),
        ({"groceries": 0, "wallet": 0.1}, "wait", "wait"),
        ({"meals": 0.2}, "cook ahead", "east"),
        # the other needs
        ({"need_hygiene": 0.5}, "wash", "east"),
        ({"need_hygiene": 0.5, "water": 0}, "wait", "wait"),
        ({"need_hygiene": 0.5, "shower_queue": 1}, "wait", "wait"),
        ({"need_energy": 0.5}, "go to bed", "east"),
        ({"doing_sleep": 1, "doing_none": 0, "need_energy": 0.7}, "sleep on", "wait"),
        ({"doing_sleep": 1, "doing_none": 0, "need_energy": 0.7, "need_hunger": HUNGRY}, "sleep on", "wait"),
        (
            {"doing_sleep": 1, "doing_none": 0, "need_energy": 0.7, "need_hunger": STARVING},
            "eat what is in the bag",
            "east",
        ),
        ({"doing_shower": 1, "doing_none": 0, "need_hunger": STARVING}, "finish what is under way", "wait"),
        # work
        ({**WORK, "in_shift": 1}, "be at work", "east"),
        ({**WORK, "in_shift": 1, "need_hunger": HUNGRY}, "be at work", "east"),
        ({**WORK, "in_shift": 1, "need_hunger": STARVING}, "eat what is in the bag", "east"),
        ({**WORK, "in_shift": 1, "desk_here": 1, "desk_usable": 1}, "be at work", "use"),
        ({**WORK, "in_shift": 1, "desk_here": 1, "doing_work": 1, "doing_none": 0}, "be at work", "wait"),
        ({**WORK, "to_shift_start": 0.019}, "be at work", "east"),  # 19 ticks; 8 steps and the buffer of 12
        ({**WORK, "to_shift_start": 0.021}, "wait", "wait"),
        ({**SOON, "need_hunger": 0.65}, "eat", "east"),
        ({**WORK, "to_shift_start": 0.3, "need_hunger": 0.65}, "wait", "wait"),
        ({**SOON, "need_hygiene": 0.7}, "wash", "east"),
        ({**WORK, "to_shift_start": 0.3, "need_energy": 0.75}, "go to bed", "east"),
        ({**WORK, "to_shift_start": 0.5, "need_energy": 0.75}, "wait", "wait"),
        ({**SOON, "doing_sleep": 1, "doing_none": 0, "need_energy": 0.9}, "sleep on", "wait"),
        ({**SOON, "doing_sleep": 1, "doing_none": 0, "need_energy": 0.9, "need_hunger": 0.65}, "eat", "east"),
        ({"need_energy": 0.3, "need_hygiene": 0.3}, "wash off the worst", "east"),
        ({"need_energy": 0.3}, "fall into bed", "east"),
        ({"in_shift": 1}, "wait", "wait"),
        # company
        ({"extroversion": 0.5}, "talk to whoever is near", "chat"),
        ({"extroversion": 0.5, "last_chat": 1}, "wait", "wait"),
        ({"bench_queue": 0}, "sit down", "east"),
    ],
)
def test_wants(scene, does, features, rule, action):
    assert does(scene(**features)) == (rule, action)


@pytest.mark.parametrize(
    ("features", "action"),
    [
        ({"table_east": 0, "table_south": 1}, "south"),
        ({"table_east": 0.5, "table_south": 1}, "south"),
        ({"table_east": 0.5}, "east"),
        ({"table_east": 0}, "wait"),
        ({"table_here": 1, "table_usable": 0}, "use"),
        ({"table_here": 1, "table_usable": 0, "in_queue": 1}, "wait"),
        ({"table_here": 1, "table_usable": 1, "in_queue": 1}, "use"),
    ],
)
def test_ways(scene, does, features, action):
    """To a table, when hungry: around people, into the queue once, and never past others in it."""
    assert does(scene(need_hunger=HUNGRY, **features)) == ("eat", action)


def test_a_step_that_the_mask_forbids_is_not_taken(scene, does):
    assert does(scene(mask="wait south", need_hunger=HUNGRY))[1] == "wait"
    assert does(scene(mask="wait south", need_hunger=HUNGRY, table_south=0.5))[1] == "south"


def test_use_and_chat_wait_for_the_mask(scene, does):
    assert does(scene(mask="wait", need_hunger=HUNGRY, table_here=1, table_usable=1))[1] == "wait"
    assert does(scene(mask="wait", extroversion=0.5))[1] == "wait"


@pytest.mark.parametrize(
    ("options", "features", "rule"),
    [
        ({"eat_below": 0.43}, {"need_hunger": HUNGRY}, "wait"),
        ({"patience": 6}, {"need_hygiene": 0.5, "shower_queue": 1}, "wash"),
        ({"arrival_buffer": 40}, {**WORK, "to_shift_start": 0.04}, "be at work"),
        ({"social_appetite": 0}, {"extroversion": 1}, "wait"),
        ({"social_appetite": 1}, {"extroversion": -1}, "talk to whoever is near"),
        ({"pantry": 1}, {"meals": 0.2}, "wait"),
        ({"larder": 0}, {"groceries": 0}, "wait"),
        ({"rested_above": 0.85}, {"doing_sleep": 1, "doing_none": 0, "need_energy": 0.9}, "wait"),
        ({"wash_nearby_below": 0.9}, {"need_hygiene": 0.8, "shower_distance": 4 / 12}, "wash on the way"),
        ({"wash_nearby_below": 0.9}, {"need_hygiene": 0.8, "shower_distance": 6 / 14}, "wait"),
        ({"wash_nearby_below": 0.9, "nearby": 6}, {"need_hygiene": 0.8, "shower_distance": 6 / 14}, "wash on the way"),
        ({"wash_nearby_below": 0.9}, {"need_hygiene": 0.8, "shower_distance": 0, "shower_queue": 1}, "wait"),
        ({"clean_above": 0.9}, {"doing_shower": 1, "doing_none": 0, "need_hygiene": 0.89}, "finish what is under way"),
        ({"clean_above": 0.9}, {"doing_shower": 1, "doing_none": 0, "need_hygiene": 0.91}, "wait"),
        ({"clean_above": 1}, {"doing_shower": 1, "doing_none": 0, "need_hygiene": 1}, "finish what is under way"),
        ({"thrift_money": 60, "eat_poor_below": 0.4}, {"need_hunger": HUNGRY}, "wait"),
        ({"thrift_money": 60, "eat_poor_below": 0.46}, {"need_hunger": HUNGRY}, "eat"),
        ({"thrift_money": 40, "eat_poor_below": 0.4}, {"need_hunger": HUNGRY}, "eat"),
        ({"thrift_money": 60, "eat_poor_below": 0.4}, {**SOON, "need_hunger": 0.6}, "wait"),
        # of 50 coins, 18 are kept for 900 ticks without work, and 6 for 300
        ({**KEEPS, "thrift_money": 40}, {"to_shift_start": 0.9, "need_hunger": HUNGRY}, "wait"),
        ({**KEEPS, "thrift_money": 40}, {"to_shift_start": 0.3, "need_hunger": HUNGRY}, "eat"),
        ({**KEEPS, "dining_money": 40}, {"to_shift_start": 0.9, "need_hunger": HUNGRY, "meals": 0}, "cook at once"),
        (
            {**KEEPS, "dining_money": 40},
            {"to_shift_start": 0.3, "need_hunger": HUNGRY, "meals": 0},
            "buy a meal for once",
        ),
        ({"wind_down": 60}, {**WORK, "to_shift_start": 0.05, "need_energy": 0.5}, "wait"),
        ({"wind_down": 60}, {**WORK, "to_shift_start": 0.07, "need_energy": 0.5}, "go to bed"),
        ({"wind_down": 60}, {**WORK, "to_shift_start": 0.05, "meals": 0.2}, "wait"),
        ({"wind_down": 60}, {"to_shift_start": 0, "need_energy": 0.5}, "go to bed"),
        ({"talk_first": True}, {"extroversion": 0.5, "doing_eat": 1, "doing_none": 0}, "talk in passing"),
        ({"talk_first": True}, {"extroversion": 0.5, "need_hunger": STARVING}, "talk in passing"),
        ({"talk_first": True}, {"extroversion": -0.5}, "wait"),
        ({"talk_first": True, "social_appetite": 0}, {"extroversion": 1}, "wait"),
    ],
)
def test_options_move_the_thresholds(scene, does, options, features, rule):
    assert does(scene(**features), **options)[0] == rule


def test_who_talks_first_goes_on_where_nobody_is_near(scene, does):
    everything_but_chat = "wait north east south west use yield"
    alone = scene(mask=everything_but_chat, extroversion=0.5, need_hunger=HUNGRY)
    assert does(alone, talk_first=True) == ("eat", "east")


def test_who_is_clean_leaves_the_shower_for_the_next_thing(scene, does):
    clean = scene(doing_shower=1, doing_none=0, need_hygiene=0.99, need_hunger=HUNGRY)
    assert does(clean, clean_above=0.98) == ("eat", "east")


def test_every_rule_has_a_name_of_its_own_and_the_last_always_holds(mind, observe, scene):
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert mind.rules_of(observe([scene()])) == ["wait"]
