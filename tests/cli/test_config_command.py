"""``townlet config``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from townlet.config import TownletConfig, config_digest, config_schema, load_config


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("town.yaml").write_text("seed: 3\npolicy:\n  backend: stub\n", encoding="utf-8")
    return "town.yaml"


class TestShow:
    def test_changed_values_with_their_places(self, townlet, town: str) -> None:
        outcome = townlet("config", "show", town, "--changed", "--set", "name=hamlet")
        assert outcome.code == 0
        assert [line.split() for line in outcome.out.splitlines() if "─" not in line] == [
            ["config", load_config(town, ["name=hamlet"]).config_id],
            ["key", "value", "from"],
            ["name", '"hamlet"', "--set", "name=hamlet"],
            ["seed", "3", "town.yaml:1"],
            ["policy.backend", '"stub"', "town.yaml:3"],
        ]

    def test_everything(self, townlet) -> None:
        outcome = townlet("config", "show")
        assert "policy.backend" in outcome.out
        assert "training.ppo.updates" in outcome.out

    def test_json(self, townlet, town: str) -> None:
        document = json.loads(townlet("config", "show", "--json", "--config", town).out)
        assert list(document) == ["config_id", "digest", "file", "config", "origins"]
        assert TownletConfig.model_validate(document["config"]) == load_config(town)
        assert document["digest"] == config_digest(load_config(town))
        assert document["origins"]["seed"] == {"kind": "file", "place": "town.yaml:1"}
        assert document["origins"]["name"] == {"kind": "default", "place": "default"}

    def test_the_file_given_twice(self, townlet, town: str) -> None:
        outcome = townlet("config", "show", town, "-c", town)
        assert outcome.code == 2
        assert outcome.err.startswith("error: give the config once, as CONFIG or as --config FILE\n")


class TestCheck:
    def test_fine(self, townlet, town: str) -> None:
        outcome = townlet("config", "check", town)
        assert outcome.code == 0
        assert outcome.out == (
            f"town.yaml is fine: {load_config(town).config_id}\nmap 'riverside', 48x48, 8 agents; backend 'stub'\n"
        )

    def test_json(self, townlet, town: str) -> None:
        document = json.loads(townlet("config", "check", town, "--json").out)
        assert list(document) == ["ok", "config_id", "digest", "file", "town", "backend", "minds", "unchecked"]
        assert document["town"] == {"map": "riverside", "agents": 8, "width": 48, "height": 48}
        assert document["backend"] == {"name": "stub", "options_checked": True, "reason": None}
        assert document["minds"] == [{"name": "stub", "reason": None}]

    def test_wrong(self, townlet, town: str) -> None:
        Path(town).write_text("sead: 3\npolicy: {backend: 4}\n", encoding="utf-8")
        outcome = townlet("config", "check", town)
        assert outcome.code == 2
        assert outcome.out == ""
        assert outcome.err.splitlines() == [
            "error: 2 errors in town.yaml",
            "  town.yaml:1, sead: unknown key 'sead'; did you mean 'seed'?",
            "  town.yaml:2, policy.backend: must be text, found 4",
        ]

    def test_a_map_that_is_not_there(self, townlet, town: str) -> None:
        outcome = townlet("config", "check", town, "--set", "town.map=atlantis")
        assert outcome.code == 2
        assert outcome.out == ""
        assert outcome.err.startswith("error: the map 'atlantis' cannot be read  (--set town.map=atlantis, town.map)\n")

    def test_a_backend_that_is_not_installed_is_no_error_but_said(self, townlet) -> None:
        outcome = townlet("config", "check", "--set", "policy.backend=surely-not-installed")
        assert outcome.code == 0
        assert "policy.options could not be checked: policy backend 'surely-not-installed'" in outcome.out

    @pytest.mark.parametrize(
        ("policy", "where", "message"),
        [
            ("backend=mixture:scripted,stub", "policy.backend", "a mixture needs two policies and a ratio"),
            ("backend=scripted:nowhere", "nowhere", "there is no such checkpoint"),
            ("cast=[{who: zoe, mind: stub}]", "policy.cast", "no agent in this town is called 'zoe'"),
            (
                "cast=[{who: 60%, mind: stub}, {who: 60%, mind: stub}]",
                "",
                "the shares of a cast sum to 1.2, more than one",
            ),
            ("cast=[{who: bob, mind: scripted, options: {patiense: 1}}]", "policy.cast", "patiense is not an option"),
        ],
    )
    def test_what_run_refuses_is_refused(self, townlet, policy, where, message) -> None:
        outcome = townlet("config", "check", "--set", f"policy.{policy}")
        assert outcome.code != 0
        assert message in outcome.err
        assert where in outcome.err

    def test_every_form_that_run_takes_is_understood(self, townlet) -> None:
        words = ("policy.backend=mixture:scripted,stub,0.5", "policy.cast=[{who: bob, mind: scripted}]")
        outcome = townlet("config", "check", "--set", words[0], "--set", words[1])
        assert outcome.code == 0
        assert "could not be checked" not in outcome.out


class TestSchema:
    def test_printed(self, townlet) -> None:
        assert json.loads(townlet("config", "schema").out) == config_schema()

    def test_written(self, townlet, tmp_path: Path) -> None:
        file = tmp_path / "town.schema.json"
        outcome = townlet("config", "schema", "-o", str(file))
        assert (outcome.code, outcome.out) == (0, "")
        assert json.loads(file.read_text(encoding="utf-8")) == config_schema()

    def test_into_a_folder_that_is_not_there(self, townlet, tmp_path: Path) -> None:
        outcome = townlet("config", "schema", "-o", str(tmp_path / "no" / "x.json"))
        assert outcome.code == 4
        assert outcome.err.startswith("error: No such file or directory: ")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("training.backend=stub", "cannot be used for training: it never learns  (--set training.backend=stub, train"),
        ("training.backend=scripted", "cannot be used for behaviour cloning: it does not claim 'learn.bc'  (--set tr"),
        ("training.demonstrations.teacher_options.x=1", "training.demonstrations.teacher_options.x is not an option"),
        ("execution.executor=nosuch", "there is no executor 'nosuch'  (--set execution.executor=nosuch, execution.exe"),
        ("evaluation.required_scenarios=[x]", "there is no scenario 'x'  (--set evaluation.required_scenarios=[x], e"),
        (
            "tuning.objective=nosuch",
            "there is no key figure 'nosuch'  (--set tuning.objective=nosuch, tuning.objective",
        ),
        ("tuning.constraints=['a>1']", "'a>1' is not a constraint  (--set tuning.constraints=['a>1'], tuning.constra"),
        ("policy.backend=os:system", "there is no such checkpoint  (system)"),
        ("training.demonstrations.teacher=scripted:nowhere", "there is no such checkpoint  (nowhere)"),
        ("training.demonstrations.dataset=nowhere", "there is no dataset here  (--set training.demonstrations.dataset"),
        ("evaluation.strangers.suite=pblic", "there is no suite 'pblic'  (--set evaluation.strangers.suite=pblic, ev"),
        ("tuning.search.eat_bellow=auto", "did you mean 'eat_below'"),
    ],
)
def test_what_another_command_would_refuse_is_refused_here(townlet, setting: str, said: str) -> None:
    result = townlet("config", "check", "--set", setting)
    assert result.code in (2, 3, 4)
    assert said in result.err


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("training.backend=nosuch", "training.options could not be checked: policy backend 'nosuch' is not installed"),
        ("training.demonstrations.teacher=nosuch", "training.demonstrations.teacher could not be checked: "),
    ],
)
def test_what_cannot_be_asked_here_is_said(townlet, setting: str, said: str) -> None:
    result = townlet("config", "check", "--set", setting)
    assert result.code == 0
    assert said in result.out
    told = json.loads(townlet("config", "check", "--json", "--set", setting).out)["unchecked"]
    assert len(told) == 1
    assert told[0].startswith(said)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("settings", "place"),
    [
        (("training.options.device=cuda:99",), "training.options.device"),
        (("policy.backend=pytorch", "policy.options.device=cuda:99"), "policy.options.device"),
        (("training.ppo.initial=nowhere",), "training.ppo.initial"),
    ],
)
def test_what_only_opening_finds_is_found(townlet, settings: tuple[str, ...], place: str) -> None:
    result = townlet("config", "check", *(word for setting in settings for word in ("--set", setting)))
    assert result.code in (3, 4)
    assert ("no such device" in result.err) or ("there is no checkpoint here" in result.err)
    assert f"(--set {settings[-1]}, {place})" in result.err


def test_a_dataset_of_other_observations_is_found(townlet, town: str) -> None:
    hamlet = ("--set", "town.map=hamlet")
    made = townlet("rollout", *hamlet, "--ticks", "20", "--worlds", "1", "--out", "shown", "--no-registry")
    assert made.code == 0, made.err
    shown = ("--set", "training.demonstrations.dataset=shown")
    assert townlet("config", "check", *hamlet, *shown).code == 0
    Path("shown/shard-00000.safetensors").write_bytes(b"torn")
    assert townlet("config", "check", *hamlet, *shown).code == 4
