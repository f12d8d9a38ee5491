"""A film is the town that was recorded: its frames are the world's states, and what cannot be shown is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from townlet.api import ObservationBatch, Words
from townlet.config import TownletConfig, load_config
from townlet.data import Dataset, DatasetWriter, open_dataset
from townlet.data.manifest import inherited_origin, read_manifest
from townlet.envs.engine import TownEngine
from townlet.errors import DatasetError, UsageError
from townlet.play import Cast, Job, Keep, MindSpec, Role, play
from townlet.viewer import Film, film_of, happenings, sentences, thinning
from townlet.viewer.columns import unpack
from townlet.viewer.happenings import KINDS
from townlet.viewer.thoughts import Scores
from townlet.world.names import EVENTS


def lived_again(recording: Dataset) -> Iterator[tuple[int, TownEngine]]:
    """Tick and engine, from the first tick to the end."""
    engine = TownEngine(TownletConfig.model_validate(recording.manifest.config), recording.manifest.seeds)
    yield 0, engine
    for block in recording.blocks():
        for t in range(block.ticks):
            engine.step(block.actions[t])
            yield engine.tick, engine


def test_every_frame_is_the_state_of_the_world_at_its_tick(recording: Dataset, film: Film) -> None:
    frames, about = unpack(film.parts["frames"])
    steps = about["steps"]
    for tick, engine in lived_again(recording):
        agents, objects = engine.state.agents, engine.state.objects
        assert frames["tick"][tick, 0] == tick == engine.state.clock.tick[0]
        for name in ("y", "x", "activity", "job"):
            assert np.array_equal(frames[name][tick], getattr(agents, name)[0]), (name, tick)
        for name in ("hunger", "energy", "hygiene", "money"):
            assert np.abs(frames[name][tick] * steps[name] - getattr(agents, name)[0]).max() <= steps[name] * 0.501
        for o in range(len(objects.user[0])):
            here = frames["object"][tick] == o
            users = np.flatnonzero(here & (frames["place"][tick] == 0))
            assert users.tolist() == [u for u in objects.user[0, o : o + 1].tolist() if u >= 0]
            waiting = sorted(np.flatnonzero(here & (frames["place"][tick] > 0)), key=lambda a: frames["place"][tick][a])
            assert waiting == objects.queue[0, o, : objects.queue_length[0, o]].tolist()
        assert bool(frames["services"][tick, 0] & 1) == bool(engine.state.outside.power[0])


def test_ties_at_any_tick_are_those_of_the_state(recording: Dataset, film: Film) -> None:
    ties, about = unpack(film.parts["ties"])
    for tick, engine in lived_again(recording):
        if tick % 97:
            continue
        state = engine.state.ties
        for a in range(engine.agents):
            for slot in range(about["perAgent"]):
                rows = np.flatnonzero(
                    (ties["slot"][:, 0] == a * about["perAgent"] + slot) & (ties["tick"][:, 0] <= tick)
                )
                other = int(ties["other"][rows[-1], 0]) if len(rows) else -1
                assert other == state.other[0, a, slot]
                if other >= 0:
                    assert ties["trust"][rows[-1], 0] * about["step"] == pytest.approx(
                        state.trust[0, a, slot], abs=0.00501
                    )


def test_events_are_those_of_the_state_in_order_of_time(recording: Dataset, film: Film) -> None:
    events, about = unpack(film.parts["events"])
    assert about["kinds"] == list(KINDS)
    columns = (events[name][:, 0].tolist() for name in ("tick", "kind", "agent"))
    told = [(tick, KINDS[kind], agent) for tick, kind, agent in zip(*columns, strict=True)]
    assert [t for t, _, _ in told] == sorted(t for t, _, _ in told)
    expected = []
    for tick, engine in lived_again(recording):
        amounts = engine.state.events.amount[0]
        expected += [(tick, EVENTS[e], int(a)) for a, e in np.argwhere(amounts > 0) if tick and EVENTS[e] in KINDS]
    assert sorted(row for row in told if row[1] in EVENTS) == sorted(expected)
    assert expected
    (failed,) = (tick for tick, kind, _ in told if kind == "power_off")
    (back,) = (tick for tick, kind, _ in told if kind == "power_on")
    assert back - failed == 40


def test_thoughts_are_what_was_recorded(recording: Dataset, film: Film) -> None:
    choices, about = unpack(film.parts["choices"])
    seen, tables = unpack(film.parts["seen"])
    block = recording.read(250, 251)
    agents, spec = recording.manifest.agents, recording.spec
    assert choices["reward"][250] * about["rewardStep"] == pytest.approx(block.rewards[0], abs=1e-5)
    parts = choices["parts"][250].reshape(agents, -1) * about["rewardStep"]
    assert parts == pytest.approx(block.reward_parts[0], abs=1e-5)
    bits = np.unpackbits(choices["mask"][250].reshape(agents, -1), axis=-1, bitorder="little", count=spec.action_count)
    assert np.array_equal(bits.astype(bool), block.action_mask[0])
    codes = seen["codes"][250].reshape(agents, -1)
    for f, feature in enumerate(tables["features"]):
        assert feature["name"] == spec.feature_names[f]
        step = max(np.diff(feature["values"]), default=0.0) if len(feature["values"]) == 256 else 0.0
        for a in range(agents):
            value = feature["values"][int(codes[a, f])]
            assert value == pytest.approx(float(block.features[0, a, f]), abs=step / 2 + 1e-5)


def test_what_was_seen_is_told_in_the_units_of_the_town(recording: Dataset, film: Film) -> None:
    seen, tables = unpack(film.parts["seen"])
    frames, _ = unpack(film.parts["frames"])
    features = {feature["name"]: f for f, feature in enumerate(tables["features"])}

    def told(name: str) -> str:
        f = features[name]
        return str(tables["features"][f]["words"][int(seen["codes"][250][f])])

    coins, unit = told("wallet").split()
    assert unit == "coins"
    assert float(coins) == pytest.approx(frames["money"][250, 0] * 0.1, rel=0.05, abs=0.5)
    assert told("has_job") in ("yes", "no")
    assert tables["features"][features["wallet"]]["about"]


def test_what_was_seen_is_told_in_the_words_of_the_contract(recording: Dataset, film: Film) -> None:
    columns, about = unpack(film.parts["words"])
    teller = Words(recording.spec)
    for tick in (0, 250, 599):
        seen = recording.read(tick, tick + 1).observations(0)
        for agent in range(4):
            row = columns["lines"][tick, agent * about["perAgent"] : (agent + 1) * about["perAgent"]]
            assert "\n".join(about["lines"][n] for n in row if n >= 0) == teller.short(seen, agent)


def test_where_there_is_too_much_to_tell_the_words_are_left_out(
    recording: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("townlet.viewer.film.MOST_WORDS", 100)
    short = film_of(recording, ticks=(0, 50))
    assert "words" not in short.parts
    assert short.about["words"] is False
    assert sentences.MOST_WORDS <= thinning.MOST_THOUGHTS


def test_kept_logits_become_probabilities_of_what_was_possible(recording: Dataset, tmp_path: Path) -> None:
    origin = inherited_origin(recording.manifest).model_copy(update={"logits": True})
    block = recording.read(0, 40)
    logits = np.random.default_rng(1).normal(size=block.action_mask.shape).astype(np.float32)
    logits[:, 3] = np.nan  # a mind that tells none
    with DatasetWriter(tmp_path / "weighed", spec=recording.spec, origin=origin) as writer:
        writer.append(replace(block, logits=logits))
    weighed = film_of(open_dataset(tmp_path / "weighed"))
    assert weighed.about["kept"]
    choices, _ = unpack(weighed.parts["choices"])
    shown = choices["probabilities"].reshape(40, 4, -1) / 255
    weights = np.where(block.action_mask, np.exp(logits.astype(np.float64)), 0)
    expected = weights / weights.sum(-1, keepdims=True)
    assert np.abs(shown[:, :3] - expected[:, :3]).max() <= 0.5 / 255 + 1e-9
    assert not shown[:, 3].any()


def test_a_mind_asked_again_gives_probabilities_of_what_is_possible(
    recording: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Likes:
        """Prefers what comes later in the list of actions; sees what was seen when it was recorded."""

        def __init__(self) -> None:
            self.seen: list[np.ndarray] = []

        def scores(self, observations: ObservationBatch, taken: np.ndarray) -> Scores:
            self.seen.append(observations.features.copy())
            weights = observations.action_mask * np.arange(1, 9)
            return Scores(weights / weights.sum(-1, keepdims=True), np.full(len(taken), 1.5, np.float32))

        def note(self) -> str:
            return "asked: Likes"

    likes = Likes()
    monkeypatch.setattr("townlet.viewer.film.ask_again", lambda *_: likes)
    film = film_of(recording, ask="likes", ticks=(0, 50))
    choices, about = unpack(film.parts["choices"])
    block = recording.read(0, 50)
    assert np.array_equal(np.array(likes.seen), block.features)
    chances = choices["probabilities"].reshape(50, recording.manifest.agents, 8) / 255
    assert chances.sum(-1) == pytest.approx(1, abs=0.02)
    assert not chances[~block.action_mask].any()
    assert choices["value"] * about["valueStep"] == pytest.approx(1.5)
    assert film.about["asked"]
    assert film.about["notes"] == ["asked: Likes"]


def test_the_mind_that_was_recorded_would_do_the_same_again(recording: Dataset) -> None:
    film = film_of(recording, ask="scripted", ticks=(0, 80))
    assert film.about["notes"] == [
        "Asked again: scripted; it would have done the same in 100.0% of choices. It gives no probabilities."
    ]


def test_without_minds_there_are_none(recording: Dataset) -> None:
    film = film_of(recording, minds=False, ticks=(0, 40))
    assert set(film.parts) == {"scenery", "frames", "ties", "events", "kpis"}
    assert not film.about["minds"]


@pytest.mark.parametrize("share", [True, False])
def test_a_film_of_a_cast_knows_who_plays_whom_in_its_town(share: bool, tmp_path: Path) -> None:
    config = load_config(None, ["town.map=hamlet"])
    host = MindSpec(requested="host", backend="scripted", options={"preset": "host"})
    cast = Cast((Role("50%" if share else "bob", host), Role("*", MindSpec(requested="scripted", backend="scripted"))))
    seats = play(Job(config, cast, (3, 4), 4, keep=Keep.dataset(tmp_path / "cast"))).players.tolist()
    assert (seats[0] == seats[1]) != share
    found = [film_of(open_dataset(tmp_path / "cast"), world=world).about["players"] for world in (0, 1)]
    assert found == seats


def test_where_one_mind_plays_all_a_film_names_no_players(film: Film) -> None:
    assert film.about["players"] is None


def test_a_range_of_ticks_begins_and_ends_where_it_is_asked_to(recording: Dataset, film: Film) -> None:
    some, _ = unpack(film_of(recording, ticks=(200, 260)).parts["frames"])
    whole, _ = unpack(film.parts["frames"])
    assert some["tick"][[0, -1], 0].tolist() == [200, 260]
    assert np.array_equal(some["x"], whole["x"][200:261])


def test_a_long_recording_is_thinned_out_and_says_so(recording: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "MOST_AGENT_FRAMES", 400)
    monkeypatch.setattr(thinning, "MOST_THOUGHTS", 400)
    film = film_of(recording)
    frames, _ = unpack(film.parts["frames"])
    assert film.about["stride"] == 6  # 600 ticks of 4 agents, 400 allowed
    assert frames["tick"][:, 0].tolist() == list(range(0, 601, 6))
    assert "choices" not in film.parts
    assert "Only every 6th tick is shown" in film.about["notes"][0]
    assert "left out" in film.about["notes"][1]
    assert film.about["notes"][2] == "Events are complete, those of the ticks between too."
    assert film.about["cramped"]


def test_a_page_without_minds_says_whether_they_were_unwanted_or_had_no_room() -> None:
    crowded = thinning.thin_out(0, 1_000_000, 8)
    assert (crowded.thoughts, crowded.cramped) == (False, True)
    unwanted = thinning.thin_out(0, 1_000_000, 8, thoughts=False)
    assert (unwanted.thoughts, unwanted.cramped) == (False, False)
    roomy = thinning.thin_out(0, 100, 8)
    assert (roomy.thoughts, roomy.cramped) == (True, False)


@pytest.mark.parametrize("fewer", [1, None])
def test_where_events_are_left_out_nothing_says_that_they_are_complete(
    recording: Dataset, film: Film, monkeypatch: pytest.MonkeyPatch, fewer: int | None
) -> None:
    told, _ = unpack(film.parts["events"])
    kinds = [KINDS[kind] for kind in told["kind"][:, 0]]
    most = 8 if fewer is None else len(kinds) - fewer
    weighty = sum(kind not in happenings._MINOR for kind in kinds)
    monkeypatch.setattr(thinning, "MOST_AGENT_FRAMES", 400)
    monkeypatch.setattr(happenings, "_MOST", most)
    thinned = film_of(recording)
    notes = " ".join(thinned.about["notes"])
    assert "complete" not in notes
    assert f"There were more than {most} events: the lesser ones are left out (chat failed, " in notes
    assert ("only a part is told" in notes) == (fewer is None or weighty > most // 2)
    events, _ = unpack(thinned.parts["events"])
    assert not {KINDS[kind] for kind in events["kind"][:, 0]} & {"started", "finished", "rent"}


@pytest.mark.parametrize(
    ("ticks", "agents", "stride"), [(1000, 64, 1), (1_000_000, 8, 4), (1000, 2000, 1), (1_000_000, 2000, 1000)]
)
def test_no_page_holds_more_than_it_can(ticks: int, agents: int, stride: int) -> None:
    chosen = thinning.thin_out(0, ticks, agents)
    assert chosen.stride == stride
    assert chosen.frames * agents <= thinning.MOST_AGENT_FRAMES * 1.01
    assert chosen.keeps(ticks)
    assert chosen.keeps(0)


def test_ticks_that_were_not_recorded_are_refused(recording: Dataset) -> None:
    with pytest.raises(UsageError, match="ticks 700 to 800 were not recorded"):
        film_of(recording, ticks=(700, 800))


def test_a_town_that_was_not_recorded_is_refused(recording: Dataset) -> None:
    with pytest.raises(UsageError, match="there is no town 3: towns are 0 to 0"):
        film_of(recording, world=3)


def rewritten(recording: Dataset, folder: Path, **changes: object) -> Dataset:
    """A copy of a recording with another manifest."""
    shutil.copytree(recording.path, folder)
    manifest, _ = read_manifest(folder)
    data, _ = manifest.model_copy(update=changes).encoded()
    (folder / "manifest.json").write_bytes(data)
    return open_dataset(folder)


def test_a_recording_that_begins_later_is_refused_with_what_to_do(recording: Dataset, tmp_path: Path) -> None:
    segment = recording.manifest.segments[0].model_copy(update={"first_tick": 50})
    later = rewritten(recording, tmp_path / "later", segments=(segment,))
    with pytest.raises(DatasetError, match="begins at tick 50") as refused:
        film_of(later)
    assert refused.value.details == ("record the run from tick 0: townlet run --record DIR",)


def test_a_recording_of_another_town_is_noticed_at_the_tick_where_it_leads_elsewhere(
    recording: Dataset, tmp_path: Path
) -> None:
    segment = recording.manifest.segments[0].model_copy(update={"seeds": (99,)})
    other = rewritten(recording, tmp_path / "other", segments=(segment,))
    with pytest.raises(DatasetError, match="diverges at tick 0"):
        film_of(other)


def test_agents_are_called_as_in_the_recording(recording: Dataset, tmp_path: Path) -> None:
    names = ("\u202eanna", "</script>", '"bo"', "<b>")
    renamed = rewritten(recording, tmp_path / "renamed", agent_names=names)
    _, scenery = unpack(film_of(renamed, ticks=(0, 5)).parts["scenery"])
    assert scenery["agents"] == list(names)


def test_a_film_is_the_same_each_time(recording: Dataset, film: Film) -> None:
    again = film_of(recording)
    assert again.parts == film.parts
    assert json.dumps(again.about) == json.dumps(film.about)
    assert replace(again) == film


def test_figures_of_what_has_not_been_counted_are_unknown_and_not_nought(film: Film) -> None:
    figures, about = unpack(film.parts["kpis"])
    names = [figure["name"] for figure in about["figures"]]
    assert np.isnan(figures["values"][0]).all(), "nobody has lived yet"
    first, last = (
        dict(zip(names, figures["values"][1], strict=True)),
        dict(zip(names, figures["values"][-1], strict=True)),
    )
    assert np.isfinite(first["mean_need"])
    assert np.isnan(first["attendance"]), "no shift has ended"
    assert np.isfinite(last["attendance"])
