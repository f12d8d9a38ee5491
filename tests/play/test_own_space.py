"""Minds of goals in a town of primitive actions: led as in a town of goals, and only where a cast mixes them."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from townlet.checkpoints import read_checkpoint, write_checkpoint
from townlet.config import TownletConfig, load_config
from townlet.config.training import DemonstrationsConfig
from townlet.data import open_dataset
from townlet.envs import TownEngine
from townlet.envs.guide import TownGuide
from townlet.errors import CheckpointError, ContractError, UsageError
from townlet.minds.without_map import WithoutMap
from townlet.observations import build_spec, spec_in_goals, spec_without_map, town_facts
from townlet.play import Admission, Cast, Casting, Job, Keep, MindSpec, Provenance, Role, Stage, Troupe, opening, play
from townlet.play.own_space import own_spec
from townlet.plugins import ResolvedMind, StubPolicy
from townlet.world.state import state_fields

TICKS, EVERY = 1500, 15
SEEDS = (3, 4, 5)
PURSUED = {"agents.goal", "agents.goal_left"}
"""Of a town of goals only: in one of primitive actions, whoever leads an agent remembers its goal."""


@pytest.fixture(scope="module")
def primitive() -> TownletConfig:
    return load_config(None, ["observation.variant=compact"])


@pytest.fixture(scope="module")
def goals() -> TownletConfig:
    return load_config(None, ["observation.variant=compact", "town.actions=goals", f"town.ask_every={EVERY}"])


def led(every: int = EVERY, **options: object) -> MindSpec:
    """The scripted mind, choosing goals."""
    return MindSpec(requested="scripted", backend="scripted", options=options, ask_every=every)


def unequal(one: Stage, other: Stage) -> set[str]:
    pairs = zip(state_fields(one.engine.state), state_fields(other.engine.state), strict=True)
    return {name for (name, _, here), (_, _, there) in pairs if not np.array_equal(here, there)}


def test_a_town_of_led_minds_is_the_town_of_goals(primitive, goals):
    mine = MindSpec(requested="scripted", backend="scripted")
    asked, by_hand = Job(goals, Cast.of(mine), SEEDS, TICKS), Job(primitive, Cast.of(led()), SEEDS, TICKS)
    with Stage(asked) as there, Stage(by_hand) as here:
        for _ in range(TICKS // 100):
            there.run(100)
            here.run(100)
            assert unequal(there, here) <= PURSUED, f"after {here.tick} ticks"
        for measured in ("reward", "self_sufficiency", "lateness"):
            assert there.kpis().summary()[measured] == here.kpis().summary()[measured]


def test_a_cast_mixes_both_and_each_is_asked_in_its_own(primitive):
    cast = Cast((Role("50%", led()), Role("*", MindSpec(requested="scripted", backend="scripted"))))
    with Stage(Job(primitive, cast, SEEDS, 400)) as stage:
        seen: list[tuple[int, int]] = []
        for part in stage.runtime.parts:
            inner = getattr(part.policy, "policy", part.policy)
            decide = inner.decide

            def watched(observations, state, *, explore=False, decide=decide):
                seen.append((observations.features.shape[1], observations.action_mask.shape[1]))
                return decide(observations, state, explore=explore)

            object.__setattr__(inner, "decide", watched)
        stage.run(400)
    assert set(seen) == {
        (build_spec(primitive).feature_count + 10, 10),
        (build_spec(primitive).feature_count, 8),
    }


def test_who_is_led_goes_on_from_a_snapshot_in_the_middle_of_a_pursuit(primitive, tmp_path: Path):
    job = Job(primitive, Cast.of(led()), SEEDS, 700)
    with Stage(job) as whole:
        whole.run(333)
        whole.save(tmp_path / "there")
        assert whole.runtime.state_arrays()["left"].any(), "somebody pursues something"
        whole.run(367)
        with Stage(job) as other:
            other.load(tmp_path / "there")
            other.run(367)
            assert whole.digests() == other.digests()


def test_a_recording_holds_what_was_done(primitive, tmp_path: Path):
    job = Job(primitive, Cast.of(led()), SEEDS, 300, keep=Keep.dataset(tmp_path / "d"))
    play(Job.from_json(job.to_json()))
    spec = open_dataset(tmp_path / "d").spec
    assert spec.action_space == "primitive"
    assert spec.first_difference(build_spec(primitive)) is None


def test_a_mind_that_does_not_see_its_last_goal_sees_what_the_town_shows(primitive, goals):
    unseeing = load_config(None, ["observation.variant=compact", "observation.last_goal=false", "town.actions=goals"])
    assert build_spec(unseeing).feature_names == build_spec(primitive).feature_names
    engine = TownEngine(unseeing, SEEDS)
    assert engine.observe().features.shape[1] == build_spec(primitive).feature_count
    assert spec_in_goals(build_spec(primitive), last_goal=False).first_difference(build_spec(unseeing)) is None
    assert spec_in_goals(build_spec(primitive)).first_difference(build_spec(goals)) is None


class TestRefused:
    def test_outside_a_stage(self, primitive):
        with contextlib.closing(TownEngine(primitive, SEEDS)) as engine:
            runtime = Troupe.open(Cast.of(led()), engine.spec).runtime(engine.spec, engine.agent_names)
            runtime.start(engine.agents, engine.policy_seeds())
            with pytest.raises(ContractError, match="nobody leads it here"):
                runtime.decide(engine.observe())

    def test_where_everybody_chooses_goals(self, goals):
        with pytest.raises(ContractError, match="nobody has to be led"):
            TownGuide(TownEngine(goals, SEEDS))

    @pytest.mark.parametrize("every", [0, -3])
    def test_who_would_never_be_asked(self, every: int):
        with pytest.raises(ContractError, match="asked every tick or more"):
            led(every)


class TestCheckpoints:
    @pytest.fixture
    def taught(self, goals, tmp_path: Path) -> Path:
        return self.wrote(tmp_path / "taught", goals)

    @staticmethod
    def wrote(folder: Path, config: TownletConfig) -> Path:
        return write_checkpoint(
            folder,
            lambda inside: (inside / "weights").write_bytes(b"w"),
            backend="toy",
            spec=build_spec(config),
            facts=town_facts(config.town),
            config_digest="0" * 64,
        ).path

    def test_in_a_cast_it_is_asked_as_often_as_it_was_taught(self, primitive, taught):
        cast = Casting.of(primitive).cast(None, [f"25%=toy:{taught}", f"ann=mixture:toy:{taught},scripted,0.5"])
        assert [mind.ask_every for mind in cast.minds] == [EVERY, None, None]
        assert [side.ask_every for side in cast.minds[1].singles()] == [EVERY, None]
        assert cast.led
        assert Cast.from_json(cast.to_json()) == cast

    def test_how_often_it_is_asked_makes_no_other_town(self, primitive, taught, monkeypatch):
        told = Provenance(requested="toy", active="toy")
        monkeypatch.setattr(opening, "resolve_mind", lambda *_, **__: ResolvedMind(StubPolicy(), told))
        monkeypatch.setattr(opening, "choose", lambda *_: None)
        mind = Casting.of(primitive).teacher(f"toy:{taught}")
        opened = Admission().open(mind, build_spec(primitive), town=primitive.town)
        assert opened.provenance.warnings == ()
        cheaper = primitive.town.model_copy(update={"ask_every": 3, "actions": "primitive"})
        assert Admission().open(mind, build_spec(primitive), town=cheaper).provenance.warnings == ()

    @pytest.mark.parametrize("shown", [True, False])
    def test_what_it_sees_of_its_goals_is_what_it_was_taught_with(self, primitive, tmp_path, shown):
        config = load_config(
            None, ["observation.variant=compact", f"observation.last_goal={str(shown).lower()}", "town.actions=goals"]
        )
        there = self.wrote(tmp_path / "c", config)
        assert own_spec(build_spec(primitive), there).first_difference(build_spec(config)) is None

    def test_a_teacher_too(self, primitive, taught):
        assert Casting.of(primitive).teacher(f"toy:{taught}").ask_every == EVERY

    def test_a_teacher_is_asked_as_often_as_the_demonstrations_say(self, primitive, taught):
        wanted = DemonstrationsConfig(teacher=f"toy:{taught}", ask_every=1)
        assert Casting.of(primitive).teaching(wanted).ask_every == 1
        assert Casting.of(primitive).teaching(wanted.model_copy(update={"ask_every": None})).ask_every == EVERY

    @pytest.mark.parametrize("where", ["primitive", "goals"])
    def test_a_teacher_who_need_not_be_led_is_not_asked_for_goals(self, request, taught, where):
        wanted = DemonstrationsConfig(teacher="scripted" if where == "primitive" else f"toy:{taught}", ask_every=4)
        with pytest.raises(UsageError, match="only a teacher that chooses goals") as caught:
            Casting.of(request.getfixturevalue(where)).teaching(wanted)
        assert "training.demonstrations.ask_every" in str(caught.value)
        assert f"town.actions={where}" in " ".join(caught.value.details)

    def test_alone_it_is_refused_and_told_how(self, primitive, taught):
        mind = Casting.of(primitive).mind(f"toy:{taught}")
        assert mind.ask_every is None
        with pytest.raises(CheckpointError) as caught:
            read_checkpoint(taught, build_spec(primitive))
        assert "action space" in str(caught.value)
        assert "--cast" in " ".join(caught.value.details)

    @pytest.mark.parametrize("actions", ["primitive", "goals"])
    def test_taught_without_a_map_it_is_shown_none(self, tmp_path, monkeypatch, actions):
        town, plain = load_config(None, [f"town.actions={actions}"]), f"town.actions={actions}"
        there = self.wrote(tmp_path / "c", load_config(None, [plain, "observation.variant=compact"]))
        told, shown = Provenance(requested="toy", active="toy"), []

        def opened(*_, spec, **__):
            shown.append(spec)
            return ResolvedMind(StubPolicy(), told)

        monkeypatch.setattr(opening, "resolve_mind", opened)
        monkeypatch.setattr(opening, "choose", lambda *_: None)
        part = Admission().open(Casting.of(town).mind(f"toy:{there}"), build_spec(town), town=town.town)
        assert isinstance(part.policy, WithoutMap)
        assert shown[0].first_difference(read_checkpoint(there).manifest.spec()) is None
        assert part.provenance.warnings == ()

    def test_taught_with_a_map_it_is_not_wrapped(self, tmp_path, monkeypatch):
        town = load_config()
        there = self.wrote(tmp_path / "c", town)
        told = Provenance(requested="toy", active="toy")
        monkeypatch.setattr(opening, "resolve_mind", lambda *_, **__: ResolvedMind(StubPolicy(), told))
        monkeypatch.setattr(opening, "choose", lambda *_: None)
        part = Admission().open(Casting.of(town).mind(f"toy:{there}"), build_spec(town))
        assert isinstance(part.policy, StubPolicy)

    @pytest.mark.parametrize(
        ("here", "there", "difference"),
        [
            ("observation.window=11", "observation.window=7", "the map's height is 11 here and 7 there"),
            ("observation.variant=compact", "observation.window=11", "the observation variant is 'compact' here"),
        ],
    )
    def test_what_else_differs_is_refused(self, tmp_path, monkeypatch, here, there, difference):
        monkeypatch.setattr(opening, "choose", lambda *_: None)
        folder, town = self.wrote(tmp_path / "c", load_config(None, [there])), load_config(None, [here])
        with pytest.raises(CheckpointError, match="trained on different observations") as caught:
            Admission().open(Casting.of(town).mind(f"toy:{folder}"), build_spec(town))
        assert difference in str(caught.value)

    def test_without_a_map_its_features_must_still_be_those_of_the_town(self, tmp_path, monkeypatch):
        monkeypatch.setattr(opening, "choose", lambda *_: None)
        town, seen = load_config(), spec_without_map(build_spec(load_config()))
        folder = write_checkpoint(
            tmp_path / "c",
            lambda inside: (inside / "weights").write_bytes(b"w"),
            backend="toy",
            spec=replace(seen, features=seen.features[:-1]),
            config_digest="0" * 64,
        ).path
        with pytest.raises(CheckpointError, match="is missing there"):
            Admission().open(Casting.of(town).mind(f"toy:{folder}"), build_spec(town))

    def test_in_a_town_of_goals_it_is_at_home(self, goals, taught):
        assert Casting.of(goals).cast(None, [f"*=toy:{taught}"]).minds[0].ask_every is None

    def test_one_of_primitive_actions_is_nobody_to_lead(self, primitive, tmp_path):
        there = self.wrote(tmp_path / "own", primitive)
        assert not Casting.of(primitive).cast(None, [f"*=toy:{there}"]).led
