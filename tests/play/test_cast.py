"""Who plays whom."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from townlet.envs.names import slot_names
from townlet.errors import ContractError, UsageError
from townlet.play import Cast, MindSpec, Role
from townlet.play.cast import REST

FOUR = slot_names(4)


def role(who, mind="stub"):
    return Role(who, MindSpec(requested=mind, backend=mind))


def counts(cast, agents, seed):
    seats = cast.seats(slot_names(agents), seed)
    return [int((seats == number).sum()) for number in range(len(cast.roles))]


class TestRoles:
    def test_names_and_shares_and_the_rest(self):
        assert role("alice, bob").names == ("alice", "bob")
        assert role("25%").share == 0.25
        assert role("12.5 %").share == 0.125
        assert role(REST).names == ()
        assert role("alice").share is None

    @pytest.mark.parametrize("who", ["", ",", "alice,", "alice,*", "-5%", "five%"])
    def test_who_names_somebody(self, who):
        with pytest.raises(UsageError, match="must say whom it plays"):
            role(who)

    @pytest.mark.parametrize("who", ["0%", "101%"])
    def test_a_share_is_within_bounds(self, who):
        with pytest.raises(UsageError, match="above 0 and at most 100 %"):
            role(who)


class TestCasts:
    def test_one_mind_for_everybody(self):
        cast = Cast.of("scripted")
        assert cast.alone
        assert cast.requested == "scripted"
        assert cast.seats(FOUR, 7).tolist() == [0] * 4

    def test_names_before_shares_before_the_rest(self, cast_of):
        cast = cast_of({"100%": "stub", "bob": "a", "alice,dave": "b"}, rest="scripted")
        assert cast.seats(FOUR, 3).tolist() == [2, 1, 0, 2]

    def test_shares_are_of_those_whom_nobody_names(self, cast_of):
        cast = cast_of({"alice": "a", "50%": "b"}, rest="c")
        for seed in range(50):
            assert counts(cast, 9, seed) == [1, 4, 4]

    def test_a_name_that_nobody_has(self, cast_of):
        with pytest.raises(UsageError, match="no agent in this town is called 'alcie'") as caught:
            cast_of(alcie="stub").seats(FOUR, 0)
        assert caught.value.details == ("did you mean 'alice'?", "agents: alice, bob, carol, dave")

    def test_a_name_is_played_once(self):
        with pytest.raises(UsageError, match="'bob' is played twice") as caught:
            Cast((role("alice,bob", "a"), role("bob", "b"), role(REST)))
        assert caught.value.details == ("by 'a' and by 'b'",)

    def test_shares_sum_to_one_at_most(self):
        with pytest.raises(UsageError, match=r"sum to 1\.1, more than one") as caught:
            Cast((role("60%"), role("50%"), role(REST)))
        assert caught.value.details == ("found 60% + 50%",)
        assert Cast((role("33.3%"), role("33.3%"), role("33.4%"), role(REST)))

    @pytest.mark.parametrize(("roles", "found"), [([], "none does"), ([REST, REST], "2 do")])
    def test_exactly_one_plays_the_rest(self, roles, found):
        with pytest.raises(UsageError, match=found):
            Cast(tuple(map(role, ["alice", *roles])))

    def test_it_reads_back(self, cast_of):
        cast = cast_of({"25%": "stub", "alice": "pytorch"})
        assert Cast.from_json(json.loads(json.dumps(cast.to_json()))) == cast
        with pytest.raises(ContractError, match="not a cast"):
            Cast.from_json([{"who": "alice"}])


class TestShares:
    def test_equal_remainders_are_drawn_from_the_seed(self, cast_of):
        cast = cast_of({"50%": "a"}, rest="b")
        seen = Counter(tuple(counts(cast, 5, seed)) for seed in range(200))
        assert set(seen) == {(2, 3), (3, 2)}
        assert min(seen.values()) > 60

    def test_who_they_are_is_drawn_from_the_seed(self, cast_of):
        cast = cast_of({"25%": "a"}, rest="b")
        chosen = Counter(int(np.flatnonzero(cast.seats(FOUR, seed) == 0)[0]) for seed in range(400))
        assert set(chosen) == {0, 1, 2, 3}
        assert min(chosen.values()) > 60
        assert cast.seats(FOUR, 5).tolist() == cast.seats(FOUR, 5).tolist()

    @given(
        shares=st.lists(st.integers(1, 40), min_size=1, max_size=5).filter(lambda s: sum(s) <= 100),
        agents=st.integers(1, 70),
        seed=st.integers(0, 2**63 - 1),
    )
    def test_everybody_is_played_and_no_count_is_off_by_one(self, shares, agents, seed):
        cast = Cast((*(role(f"{share}%") for share in shares), role(REST)))
        found = counts(cast, agents, seed)
        assert sum(found) == agents
        for share, count in zip([*shares, 100 - sum(shares)], found, strict=True):
            assert abs(count - share * agents / 100) < 1
