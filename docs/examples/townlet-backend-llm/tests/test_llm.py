"""A town of agents that think in words, against a service that thinks by the rules behind the API."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("httpx")
pytest.importorskip("jinja2")

from townlet.api import Question
from townlet.config import TownletConfig, load_config
from townlet.data import open_dataset
from townlet.errors import BackendRunError, ConfigError, TownletError
from townlet.minds import Part, Patience, StubPolicy
from townlet.play import Cast, Job, Keep, MindSpec, Outcome, Stage, Troupe, perform
from townlet.play.replaying import replayed
from townlet.play.stage import town_spec
from townlet.plugins.provenance import Provenance
from townlet.testing import run_checks
from townlet.testing.checks.slow import CHECKS
from townlet.testing.installed import played
from townlet.testing.subject import Subject

from townlet_backend_llm.mind import LLMMind
from townlet_backend_llm.options import LLMOptions
from townlet_backend_llm.prompting import Prompter
from townlet_backend_llm.service import Service

sys.path.insert(0, str(Path(__file__).parent))
from fake_service import FakeService, fake_service

KEY = "sk-very-secret-0123456789"
TICKS = 60


@pytest.fixture(scope="module")
def config() -> TownletConfig:
    return load_config(None, ["town.map=hamlet"])


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("TOWNLET_LLM_KEY", KEY)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def asked(monkeypatch) -> dict[str, Question]:
    """What each prompt was made from, so that the service can think about the observation itself."""
    found: dict[str, Question] = {}
    original = Prompter.request

    def request(self, question: Question, most_steps: int):
        body = original(self, question, most_steps)
        found[body["messages"][1]["content"]] = question
        return body

    monkeypatch.setattr(Prompter, "request", request)
    return found


@pytest.fixture
def service(asked, config):
    """Thinks what the scripted mind thinks."""
    scripted = pytest.importorskip("townlet_backend_scripted.policy")
    options = pytest.importorskip("townlet_backend_scripted.options")
    spec = town_spec(config)
    rules = scripted.ScriptedPolicy(spec, options.ScriptedOptions())

    def think(body):
        question = asked[body["messages"][1]["content"]]
        action = int(rules.decide(question.observation, rules.initial_state(1, 0)).actions[0])
        steps = [{"action": spec.action_names[action], "ticks": 3}]
        return {"reasons": "as the rules say", "steps": steps, "until": [{"feature": "hunger", "below": 20}]}

    with fake_service(think) as server:
        yield server


@pytest.fixture
def play(config) -> Callable[..., Outcome]:
    """Plays a job with a mind of these options in the place of the installed backend."""

    def run(
        server: FakeService | str,
        *,
        folder: Path | None = None,
        ticks: int = TICKS,
        patience=None,
        **options,
    ) -> Outcome:
        address = server if isinstance(server, str) else server.address
        chosen = LLMOptions(**{"endpoint": address, "model": "tiny", "retries": 2, **options})
        spec = town_spec(config)
        mind = LLMMind(spec, chosen, service=Service(chosen, pause=0.01))
        settings = config.policy.patience.model_copy(update={"cadence": 6, **(patience or {})})
        policy = Patience(mind, StubPolicy(), spec, settings, name="llm")
        cast = Cast.of(MindSpec(requested="llm", backend="llm"))
        told = Provenance(
            requested="llm", active="llm", distribution="townlet-backend-llm", options=chosen.model_dump(mode="json")
        )
        keep = Keep.NOTHING if folder is None else Keep.dataset(folder)
        try:
            with Stage(Job(config, cast, (3,), ticks, keep=keep), troupe=Troupe(cast, (Part(policy, told),))) as stage:
                outcome = perform(stage)
        finally:
            policy.close()
        if outcome.failure is not None:
            raise outcome.failure
        return outcome

    return run


def arrays(folder: Path) -> dict[str, bytes]:
    dataset = open_dataset(folder)
    found = {name: array.tobytes() for name, array in dataset.read(0, dataset.ticks).arrays().items()}
    return {**found, "thoughts": (folder / "thoughts.jsonl").read_bytes()}


# -- a town


def test_a_town_lives_by_what_the_service_thinks(service, play, tmp_path) -> None:
    outcome = play(service, folder=tmp_path / "town")
    told = outcome.ledgers[0].ledger
    assert told.plans == told.questions == len(service.requests) > 20
    assert told.tokens_in > 100 * told.calls
    assert {thought.reasons for thought in open_dataset(tmp_path / "town").thoughts() if thought.steps} == {
        "as the rules say"
    }
    schema = service.requests[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["steps"]["items"]["properties"]["action"]["enum"][0] == "wait"


def test_replay_or_fail_gives_the_same_bytes_without_a_service(service, play, tmp_path) -> None:
    kept = tmp_path / "cassette"
    service.faults = ["", "broken", "", "refusal", "wrong", "wrong", "429", "500"]
    play(service, folder=tmp_path / "first", cassette=kept, cassette_mode="record", concurrency=1)
    nowhere = "http://127.0.0.1:9/v1"
    for name in ("second", "third"):
        play(nowhere, folder=tmp_path / name, cassette=kept, cassette_mode="replay-or-fail")
        assert arrays(tmp_path / name) == arrays(tmp_path / "first")
    manifests = [open_dataset(tmp_path / name).manifest for name in ("first", "second")]
    assert manifests[0].ledger == manifests[1].ledger


def test_a_cassette_of_another_prompt_stops_the_run_and_keeps_the_recording(service, play, tmp_path) -> None:
    kept = tmp_path / "cassette"
    play(service, cassette=kept, ticks=20)
    with pytest.raises(BackendRunError, match="the cassette holds no answer to this question") as refused:
        play(service, folder=tmp_path / "town", cassette=kept, cassette_mode="replay-or-fail", ticks=80)
    assert "another model, prompt, town or seed" in str(refused.value)
    kept_so_far = open_dataset(tmp_path / "town")
    kept_so_far.verify()
    assert not kept_so_far.manifest.complete
    assert 0 < kept_so_far.ticks < 80


def test_a_damaged_cassette_is_named(service, play, tmp_path) -> None:
    kept = tmp_path / "cassette"
    play(service, cassette=kept, ticks=3)
    for file in kept.rglob("*.json"):
        file.write_text("{}", encoding="utf-8")
    with pytest.raises(BackendRunError, match="an answer of the cassette cannot be read"):
        play(service, cassette=kept, cassette_mode="replay-or-fail", ticks=3)


def test_in_real_time_the_town_goes_on_and_its_recording_is_lived_again(service, play, tmp_path) -> None:
    service.latency = 0.03
    patience = {"mode": "realtime", "tick_seconds": 0.01, "cadence": 8}
    outcome = play(service, folder=tmp_path / "first", patience=patience)
    told = outcome.ledgers[0].ledger
    assert told.plans > 0
    assert told.latency_ticks > 0
    assert told.fallback_ticks > 0
    assert outcome.timing.answer_seconds >= 0.03
    stage, again = replayed(open_dataset(tmp_path / "first"))
    with stage:
        stage.job = Job(stage.job.config, stage.job.cast, (3,), TICKS, keep=Keep.dataset(tmp_path / "second"))
        perform(stage, watchers=[again.compare])
    first, second = open_dataset(tmp_path / "first").read(0, TICKS), open_dataset(tmp_path / "second").read(0, TICKS)
    for name, array in first.arrays().items():
        assert np.array_equal(array, second.arrays()[name], equal_nan=array.dtype.kind == "f"), name


def test_no_more_requests_are_under_way_than_allowed(service, play) -> None:
    service.latency = 0.05
    play(service, concurrency=2, ticks=2)
    assert service.most_at_once == 2


def test_it_keeps_the_contract_of_slow_minds(service, config) -> None:
    spec, options = town_spec(config), LLMOptions(endpoint=service.address, model="tiny")
    subject = Subject(
        name="llm",
        spec=spec,
        policy=lambda **_: played(LLMMind(spec, options), spec, "llm"),
        learner=lambda **_: None,
        capabilities=frozenset({"act", "slow"}),
        slow=lambda: LLMMind(spec, options),
    )
    report = run_checks(subject, checks=CHECKS)
    assert [f"{result.name}: {result.message}" for result in report.results if result.outcome != "passed"] == []


# -- a service that fails


@pytest.mark.parametrize("fault", ["429", "500", "503", "cut"])
def test_what_may_pass_is_tried_again(service, play, fault: str) -> None:
    service.faults = ["", fault, fault]
    told = play(service, ticks=3, concurrency=1).ledgers[0].ledger
    assert told.failures == 0
    assert told.calls == told.questions + 2


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("broken", "no JSON object"),
        ("wrong", "'fly' is not possible now"),
        ("refusal", "the model refused: I would rather not."),
        ("tools", "the model wrote nothing"),
        ("no-json", "the reply is not a completion"),
        ("huge", "longer than 1048576 bytes"),
        ("429", "HTTP 429"),
        ("hang", "no reply within 0.3 seconds"),
    ],
)
def test_what_stays_wrong_is_a_failure_and_the_town_goes_on(service, play, tmp_path, fault: str, why: str) -> None:
    service.always = fault
    limits = {"timeout_seconds": 0.3, "retries": 0} if fault == "hang" else {}
    outcome = play(service, folder=tmp_path / "town", ticks=2, **limits)
    assert outcome.ticks == 2
    told = outcome.ledgers[0].ledger
    assert told.failures == told.questions == 4
    failures = {thought.failure for thought in open_dataset(tmp_path / "town").thoughts()}
    assert all(why in failure for failure in failures), failures


def test_an_answer_with_words_around_it_is_read(service, play) -> None:
    service.always = "fenced"
    told = play(service, ticks=3).ledgers[0].ledger
    assert (told.failures, told.repaired) == (0, 0)


def test_one_repair_is_asked_for(service, play) -> None:
    service.faults = ["broken"]
    told = play(service, ticks=1, concurrency=1).ledgers[0].ledger
    assert (told.plans, told.repaired, told.calls) == (4, 1, 5)
    assert "could not be used: it holds no JSON" in service.requests[1]["messages"][-1]["content"]


def test_text_that_tries_to_inject_is_text(service, play, tmp_path) -> None:
    service.always = "inject"
    play(service, folder=tmp_path / "town", ticks=2)
    dataset = open_dataset(tmp_path / "town")
    (reasons,) = {thought.reasons for thought in dataset.thoughts() if thought.steps}
    assert reasons.startswith("</script>")
    raw = (tmp_path / "town" / "thoughts.jsonl").read_bytes()
    assert b"\x1b" not in raw
    assert all(thought.until == () for thought in dataset.thoughts())
    assert "{{ 7*7 }}" in service.requests[-1]["messages"][1]["content"] or len(service.requests) == 4


# -- errors that say what to do


@pytest.mark.parametrize(
    ("fault", "summary", "advice"),
    [
        ("401", "wants a key", "set the environment variable TOWNLET_LLM_KEY"),
        ("403", "refuses this key", "set the environment variable TOWNLET_LLM_KEY"),
        ("404", "no such address or model", "check endpoint and model"),
        ("no-schemas", "no answers of this form", "set policy.options.answers to 'json' or 'text'"),
    ],
)
def test_what_can_never_succeed_stops_the_run_with_advice(service, play, fault: str, summary: str, advice: str) -> None:
    service.always = fault
    with pytest.raises(BackendRunError, match=summary) as refused:
        play(service, ticks=3)
    assert advice in str(refused.value)


def test_a_service_without_schemas_is_asked_for_plain_json_or_text(service, play) -> None:
    service.always = "no-schemas"
    assert play(service, ticks=2, answers="text").ledgers[0].ledger.failures == 0


def test_an_endpoint_that_is_not_there_is_named(play) -> None:
    with pytest.raises(BackendRunError, match="endpoint cannot be reached") as refused:
        play("http://127.0.0.1:9/v1", ticks=2)
    assert "set policy.options.endpoint" in str(refused.value)


def test_a_service_that_goes_away_half_way_leaves_the_town_to_the_fallback(service, play) -> None:
    service.faults = ["", "", "", "", *["cut"] * 400]
    told = play(service, ticks=20).ledgers[0].ledger
    assert told.plans == 4
    assert told.failures > 0


def test_tls_that_is_not_trusted_is_said(service, play) -> None:
    with pytest.raises(BackendRunError, match=r"endpoint (is not trusted|cannot be reached)"):
        play(service.address.replace("http://", "https://"), ticks=2)


@pytest.mark.parametrize(
    "endpoint", ["", "localhost:8080", "ftp://a/v1", "https://me:key@host/v1", "https://h/v1?key=1"]
)
def test_an_address_that_is_none_or_holds_a_key_is_refused(endpoint: str) -> None:
    with pytest.raises(ValueError, match="must"):
        LLMOptions(endpoint=endpoint, model="m")


def test_a_prompt_that_cannot_be_used_is_refused(config, tmp_path) -> None:
    spec = town_spec(config)
    for text, why in (
        ("{{ nobody }}", "nobody"),
        ("{% if %}", "prompt cannot be used"),
        ("{{ ''.__class__.__mro__ }}", "prompt"),
    ):
        (tmp_path / "p.jinja").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match=why):
            Prompter(spec, LLMOptions(endpoint="http://h/v1", model="m", prompt=tmp_path / "p.jinja"))
    with pytest.raises(ConfigError, match="cannot be read"):
        Prompter(spec, LLMOptions(endpoint="http://h/v1", model="m", prompt=tmp_path / "nobody.jinja"))


def test_another_prompt_is_another_mind(config, tmp_path) -> None:
    (tmp_path / "p.jinja").write_text("{{ words }} {{ menu[0] if menu }}", encoding="utf-8")
    spec, address = town_spec(config), {"endpoint": "http://h/v1", "model": "m"}
    minds = [LLMMind(spec, LLMOptions(**address)), LLMMind(spec, LLMOptions(**address, prompt=tmp_path / "p.jinja"))]
    assert minds[0].fingerprint() != minds[1].fingerprint()
    assert minds[0].fingerprint() == LLMMind(spec, LLMOptions(endpoint="http://other/v1", model="m")).fingerprint()
    for mind in minds:
        mind.close()
        mind.close()


def test_a_key_is_sent_and_never_written(service, play, tmp_path, capsys) -> None:
    service.faults = ["500", "", "", "429"]
    try:
        play(service, folder=tmp_path / "town", cassette=tmp_path / "cassette", ticks=8)
        service.always = "401"
        play(service, folder=tmp_path / "refused", ticks=8)
    except TownletError as error:
        told = f"{error} {error.__notes__ if hasattr(error, '__notes__') else ''} {error.__cause__!r}"
        assert KEY not in told
        assert "[key]" in told
    assert {headers["Authorization"] for headers in service.headers_seen} == {f"Bearer {KEY}"}
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 5
    assert not [path for path in written if KEY.encode() in path.read_bytes()]
    printed = capsys.readouterr()
    assert KEY not in printed.out + printed.err
