"""Each part of a reward, in a scene made for it. Expected values are worked out here from the config."""

from __future__ import annotations

import pytest

from townlet.api import PPOSettings
from townlet.world.names import EVENTS

ALICE, BOB, CAROL, DAVE = range(4)


class TestNeeds:
    def test_weighted_squares_of_the_deficits(self, purse) -> None:
        agents, s = purse.state.agents, purse.settings
        agents.hunger[0, ALICE], agents.energy[0, ALICE], agents.hygiene[0, ALICE] = 0.5, 0.6, 0.7
        result = purse.wait()
        deficits = [1 - float(need[0, ALICE]) for need in (agents.hunger, agents.energy, agents.hygiene)]
        weights = (s.hunger_weight, s.energy_weight, s.hygiene_weight)
        expected = -s.need_scale * sum(w * d * d for w, d in zip(weights, deficits, strict=True))
        assert purse.parts(result)["needs"] == pytest.approx(expected, rel=1e-5)

    def test_content_agents_lose_next_to_nothing(self, purse) -> None:
        assert abs(purse.parts(purse.wait())["needs"]) < 1e-6

    def test_survival_is_paid_each_tick(self, purse) -> None:
        for _ in range(3):
            assert purse.parts(purse.wait())["survival"] == pytest.approx(purse.settings.survival)


class TestShaping:
    def test_off_by_default(self, purse) -> None:
        purse.content(0.4)
        assert purse.parts(purse.wait())["shaping"] == 0.0

    def test_telescopes_to_the_difference_of_potentials(self, make_purse) -> None:
        """Discounted with the shaping's own discount, the sum over a stretch depends on its ends alone."""
        purse = make_purse(shaping_scale=0.5, shaping_discount=0.9)
        s, agents = purse.settings, purse.state.agents

        def potential() -> float:
            needs = ((1.0, agents.hunger), (0.8, agents.energy), (0.6, agents.hygiene))
            return s.shaping_scale * sum(w * (1 - (1 - float(need[0, ALICE])) ** 2) for w, need in needs)

        purse.wait()
        start, total = potential(), 0.0
        for t in range(40):
            agents.hunger[0, ALICE] = [0.9, 0.2, 0.6][t % 3]
            total += 0.9**t * purse.parts(purse.wait())["shaping"]
        assert total == pytest.approx(0.9**40 * potential() - start, abs=1e-5)

    def test_its_discount_is_the_learners_by_default(self, purse) -> None:
        assert purse.settings.shaping_discount == PPOSettings().gamma


class TestSocial:
    """Chats are paid by stage, to the one who began them, by the tie as it is."""

    def chat(self, purse, *, quality: float = 0.5, hunger: float = 1.0) -> tuple[float, float, float]:
        events, ties = purse.state.events, purse.state.ties
        purse.state.agents.hunger[0, ALICE] = hunger
        events.amount[0, ALICE, EVENTS.index("chat_ok")] = 1
        events.amount[0, ALICE, EVENTS.index("chat_quality")] = quality
        events.amount[0, ALICE, EVENTS.index("conflict_avoided")] = 2
        events.chat_with[0, ALICE] = BOB
        ties.other[0, ALICE, 0] = BOB
        ties.trust[0, ALICE, 0], ties.familiarity[0, ALICE, 0], ties.rivalry[0, ALICE, 0] = 0.5, 0.25, 0.125
        parts = purse.parts(purse.pay())
        return parts["chat"], parts["harmony"], parts["ties"]

    @pytest.mark.parametrize(
        ("stage", "chat", "harmony", "ties"), [("OFF", 0, 0, 0), ("C1", 1, 0, 0), ("C2", 1, 1, 0), ("C3", 1, 1, 1)]
    )
    def test_stages(self, make_purse, stage: str, chat: int, harmony: int, ties: int) -> None:
        purse = make_purse(stage)
        s = purse.settings
        worth = s.chat_scale * (s.chat_base + s.chat_trust * 0.5 + s.chat_familiarity * 0.25)
        paid = self.chat(purse, quality=0.75)
        assert paid[0] == pytest.approx(chat * worth, rel=1e-5)
        assert paid[1] == pytest.approx(harmony * 2 * s.avoided_conflict, rel=1e-5)
        assert paid[2] == pytest.approx(ties * worth * s.tie_quality * 0.5 * (0.5 + 0.5 - 0.125), rel=1e-5)

    def test_off_for_the_needy(self, make_purse) -> None:
        assert self.chat(make_purse("C3"), hunger=0.14) == (0.0, 0.0, 0.0)
        assert self.chat(make_purse("C3"), hunger=0.16)[0] > 0

    def test_the_stage_can_change_between_rollouts(self, make_purse) -> None:
        purse = make_purse("OFF")
        purse.engine.set_social_stage("C2")
        assert purse.engine.social_stage == "C2"
        assert self.chat(purse)[0] > 0


class TestMoney:
    def test_wages_are_paid_once(self, purse) -> None:
        """In the tick in which they are earned, and not again: the lesson of a total paid each tick."""
        purse.state.events.amount[0, BOB, EVENTS.index("wages")] = 0.25
        assert purse.parts(purse.pay(), BOB)["wages"] == pytest.approx(0.25 * purse.settings.wage_scale)
        assert purse.parts(purse.wait(), BOB)["wages"] == 0.0

    def test_what_is_in_the_wallet_does_not_matter(self, purse) -> None:
        purse.state.agents.money[0, BOB] = 1000
        assert purse.parts(purse.wait(), BOB)["wages"] == 0.0

    def test_punctuality(self, purse) -> None:
        purse.state.events.amount[0, BOB, EVENTS.index("on_time")] = 1
        assert purse.parts(purse.pay(), BOB)["punctuality"] == pytest.approx(purse.settings.punctuality_bonus)

    def test_faint(self, purse) -> None:
        purse.state.events.amount[0, BOB, EVENTS.index("faint")] = 1
        assert purse.parts(purse.pay(), BOB)["faint"] == pytest.approx(-purse.settings.faint_penalty)
