"""The numbers of the rules and the timetable of events, from the config."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from townlet.config.town import ScheduledEvent, TownConfig
from townlet.errors import ConfigError
from townlet.world.names import OUTSIDE_KINDS, PRICES
from townlet.world.tables import Rules, ScheduleTable

__all__ = ["compile_rules", "compile_schedule"]


def compile_rules(config: TownConfig) -> Rules:
    """The numbers, flat."""
    time, needs, jobs, economy = config.time, config.needs, config.jobs, config.economy
    social, lives, outside = config.social, config.lives, config.outside
    day = float(time.day_ticks)
    return Rules(
        ask_every=config.ask_every if config.actions == "goals" else 0,
        day_ticks=time.day_ticks,
        hour_ticks=time.hour_ticks,
        hunger_decay=needs.hunger_decay,
        energy_decay=needs.energy_decay,
        hygiene_decay=needs.hygiene_decay,
        company_effect=needs.company_effect,
        ghost_after=config.movement.ghost_after,
        grace_ticks=config.queues.grace_ticks,
        push_cooldown=config.queues.push_cooldown,
        late_grace=jobs.late_grace,
        late_fee=jobs.late_fee,
        abandoned_after=jobs.abandoned_after,
        attended_share=jobs.attended_share,
        attendance_memory=jobs.attendance_memory,
        absences_allowed=jobs.absences_allowed,
        rent=economy.rent,
        rent_days=economy.rent_days,
        base_groceries=economy.groceries,
        base_meal=economy.meal,
        stock_till=economy.stock_till,
        stock_counter=economy.stock_counter,
        start_money=economy.start_money,
        start_groceries=economy.start_groceries,
        start_meals=economy.start_meals,
        start_need=economy.start_need,
        shared_meal_window=social.shared_meal_window,
        shared_meal_bonus=social.shared_meal_bonus,
        chat_base=social.chat_base,
        chat_trust=social.chat_trust,
        chat_familiarity=social.chat_familiarity,
        chat_cooldown=social.chat_cooldown,
        tie_decay=social.tie_decay,
        collapse_ticks=lives.collapse_ticks,
        neglect_ticks=lives.neglect_ticks,
        faint_ticks=needs.faint_ticks,
        faint_energy=needs.faint_energy,
        exits_per_day=lives.exits_per_day,
        exit_gap=lives.exit_gap,
        respawn_min=lives.respawn_min,
        respawn_max=lives.respawn_max,
        outside_on=outside.enabled,
        rate_price=outside.price_spikes / day,
        rate_power=outside.blackouts / day,
        rate_water=outside.water_outages / day,
        rate_closure=outside.closures / day,
        rate_meeting=outside.meetings / day,
        spike_factor=outside.spike_factor,
        spike_ticks=outside.spike_ticks,
        outage_ticks=outside.outage_ticks,
        closure_ticks=outside.closure_ticks,
        meeting_ticks=outside.meeting_ticks,
        outside_cooldown=outside.cooldown,
    )


def compile_schedule(schedule: Sequence[ScheduledEvent], objects: Sequence[str], agents: int) -> ScheduleTable:
    """The timetable, one row for each target. Raises ConfigError for a target that the town does not have."""
    rows = []
    for number, event in enumerate(schedule):
        day = -1 if event.day == "every" else event.day
        for target, other in _targets(event, objects, agents, f"town.outside.schedule.{number}.target"):
            rows.append((day, event.at, OUTSIDE_KINDS.index(event.event), event.ticks, target, other, event.factor))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 7
    return ScheduleTable(
        day=np.array(columns[0], np.int32),
        at=np.array(columns[1], np.int32),
        event=np.array(columns[2], np.int8),
        ticks=np.array(columns[3], np.int32),
        target=np.array(columns[4], np.int16),
        other=np.array(columns[5], np.int16),
        factor=np.array(columns[6], np.float32),
    )


def _targets(event: ScheduledEvent, objects: Sequence[str], agents: int, where: str) -> list[tuple[int, int]]:
    """(target, other) of each row that an event becomes."""
    target = event.target
    if event.event == "price_spike" and target is not None:
        return [(PRICES.index(target), -1)]
    if event.event == "closure" and target is not None:
        numbers = [i for i, name in enumerate(objects) if target in (name, name.split()[0])]
        if not numbers:
            raise ConfigError(
                f"the town has no {target!r} to close", where=where, details=[f"it has {', '.join(objects[:20])}"]
            )
        return [(number, -1) for number in numbers]
    if event.event == "meeting" and target is not None:
        words = target.split()
        pair = [int(word) for word in words if word.isdigit() and int(word) < agents]
        if len(words) != 2 or len(set(pair)) != 2:
            raise ConfigError(
                f"{target!r} are not two agents", where=where, details=[f"two numbers of 0 .. {agents - 1}, as `0 3`"]
            )
        return [(pair[0], pair[1])]
    if event.event == "departure" and target is not None:
        if not target.isdigit() or int(target) >= agents:
            raise ConfigError(f"{target!r} is not an agent", where=where, details=[f"a number of 0 .. {agents - 1}"])
        return [(int(target), -1)]
    return [(-1, -1)]
