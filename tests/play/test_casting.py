"""What names of minds mean, in a config and on a command line."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from townlet.config import Override, load_document
from townlet.errors import CheckpointError, UsageError
from townlet.play import Casting, casting
from townlet.play.anchoring import anchored


@pytest.fixture
def foreign(monkeypatch):
    """No backend claims to read our checkpoints: files are named by the digest of their bytes."""
    manifest = SimpleNamespace(capabilities=("act",))
    monkeypatch.setattr(casting, "installed", lambda name: SimpleNamespace(name=name, manifest=manifest))


@pytest.fixture
def town(tmp_path, monkeypatch):
    """Writes a config into a folder of its own; another folder is the current one."""
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "there" / "mind.onnx").write_bytes(b"there")
    (tmp_path / "here" / "mind.onnx").write_bytes(b"here")

    def write(text: str, *overrides: str | Override):
        file = tmp_path / "there" / "town.yaml"
        file.write_text(text, encoding="utf-8")
        return load_document(file, overrides)

    return write


def folder_of(mind) -> str:
    return mind.checkpoint.path.parent.name


def test_without_a_cast_one_mind_plays_everybody(town):
    cast = Casting.of(town("policy: {backend: ants, options: {a: 1}}")).cast()
    assert cast.alone
    assert (cast.minds[0].requested, dict(cast.minds[0].options)) == ("ants", {"a": 1})


def test_the_backend_plays_whom_no_role_plays(town):
    cast = Casting.of(town("policy: {backend: ants, cast: [{who: alice, mind: bees, options: {b: 2}}]}")).cast()
    assert cast.requested == "alice=bees *=ants"
    assert dict(cast.minds[0].options) == {"b": 2}


def test_a_command_line_replaces_the_cast_of_the_config(town):
    document = town("policy: {backend: ants, options: {a: 1}, cast: [{who: alice, mind: bees}]}")
    made = Casting.of(document)
    assert made.cast("wasps").requested == "wasps"
    assert made.cast(None, ["25%=ants", "bob=stub"]).requested == "25%=ants bob=stub *=ants"
    assert [dict(mind.options) for mind in made.cast("wasps", ["25%=ants"]).minds] == [{"a": 1}, {}]


@pytest.mark.parametrize(
    ("backend", "roles", "message"),
    [
        (None, ["alice"], "a role is WHO=MIND"),
        (None, ["=stub"], "a role is WHO=MIND"),
        ("ants", ["*=stub"], "both say who plays the rest"),
        (None, ["alice=stub", "alice=ants"], "'alice' is played twice"),
        (None, ["60%=stub", "60%=ants"], "more than one"),
        (None, ["alice=release"], "no registry"),
        (None, ["alice=mixture:a,b"], "needs two policies and a ratio"),
    ],
)
def test_what_is_typed_wrongly_is_refused(town, backend, roles, message):
    with pytest.raises(UsageError, match=message):
        Casting.of(town("policy: {backend: ants}")).cast(backend, roles)


class TestPaths:
    def test_in_a_file_they_start_at_its_folder(self, foreign, town):
        text = "policy: {backend: 'ants:mind.onnx', cast: [{who: bob, mind: ants, checkpoint: mind.onnx}]}"
        assert [folder_of(mind) for mind in Casting.of(town(text)).cast().minds] == ["there", "there"]

    def test_of_the_section_too(self, foreign, town):
        made = Casting.of(town("policy: {backend: ants, checkpoint: mind.onnx}"))
        assert folder_of(made.cast().minds[0]) == "there"
        assert folder_of(made.mind("ants", where="--policy")) == "there", "it is the config's own backend"

    def test_typed_they_start_here(self, foreign, town):
        document = town("policy: {backend: ants}", "policy.checkpoint=mind.onnx")
        assert folder_of(Casting.of(document).cast().minds[0]) == "here"
        cast = Casting.of(document).cast("ants:mind.onnx", ["bob=ants:mind.onnx"])
        assert [folder_of(mind) for mind in cast.minds] == ["here", "here"]

    def test_equal_bytes_have_equal_digests_wherever_they_lie(self, foreign, town, tmp_path):
        (tmp_path / "here" / "mind.onnx").write_bytes(b"there")
        document = town("policy: {backend: ants, checkpoint: mind.onnx}")
        one, two = Casting.of(document).cast().minds[0], Casting.of(document).cast("ants:mind.onnx").minds[0]
        assert one.checkpoint.digest == two.checkpoint.digest
        assert one.checkpoint.path != two.checkpoint.path

    def test_an_option_called_checkpoint_is_the_backend_s_own(self, foreign, town):
        """Core reads ``policy.checkpoint``; what a backend's options mean is for the backend to say."""
        (mind,) = Casting.of(town("policy: {backend: ants, options: {checkpoint: nothing}}")).cast().minds
        assert mind.checkpoint is None
        assert dict(mind.options) == {"checkpoint": "nothing"}

    def test_what_is_not_there_is_refused(self, foreign, town):
        with pytest.raises(CheckpointError, match="no such checkpoint"):
            Casting.of(town("policy: {backend: ants, checkpoint: nothing}")).cast()

    def test_what_outlives_the_file_is_made_absolute(self, town, tmp_path):
        text = """
        policy:
          backend: mixture:ants:mind.onnx,release,0.5
          cast: [{who: bob, mind: 'ants:mind.onnx'}, {who: 10%, mind: ants, checkpoint: mind.onnx}]
        training:
          demonstrations: {dataset: data/first, teacher: 'ants:mind.onnx'}
        """
        there = tmp_path / "there"
        config = anchored(town(text, "training.ppo.initial=typed"))
        assert config.policy.backend == f"mixture:ants:{there}/mind.onnx,release,0.5"
        assert [role.mind for role in config.policy.cast] == [f"ants:{there}/mind.onnx", "ants"]
        assert config.policy.cast[1].checkpoint == f"{there}/mind.onnx"
        assert config.training.demonstrations.dataset == f"{there}/data/first"
        assert config.training.demonstrations.teacher == f"ants:{there}/mind.onnx"
        assert config.training.ppo.initial == "typed"


class TestRelease:
    def test_it_is_resolved_when_the_spec_is_made(self, foreign, town, tmp_path):
        made = Casting(
            policy=town("policy: {backend: ants, checkpoint: release}").config.policy,
            release=lambda: tmp_path / "here" / "mind.onnx",
        )
        mind = made.cast().minds[0]
        assert mind.release
        assert folder_of(mind) == "here"


class TestTraining:
    def test_the_learner_plays_in_place_of_the_backend(self, town):
        cast = Casting.of(town("policy: {backend: ants, cast: [{who: bob, mind: stub}]}")).training_cast()
        assert cast.requested == "bob=stub *=learner"

    def test_or_in_its_own_roles(self, town):
        cast = Casting.of(town("policy: {backend: ants, cast: [{who: 50%, mind: learner}]}")).training_cast()
        assert cast.requested == "50%=learner *=ants"

    def test_a_cast_without_it_is_refused(self, town):
        with pytest.raises(UsageError, match="the learner plays nobody"):
            Casting.of(town("policy: {cast: [{who: '*', mind: stub}]}")).training_cast()


class TestTypedOptions:
    """``--backend jax --set policy.options.hidden=32``: typed beside a backend, options are that backend's."""

    def options(self, town, text: str, backend: str, *typed: str) -> dict:
        (mind,) = Casting.of(town(text, *typed)).cast(backend).minds
        return dict(mind.options)

    def test_they_go_with_the_backend_that_is_typed(self, town):
        assert self.options(town, "seed: 1", "bees", "policy.options.hidden=3") == {"hidden": 3}
        assert self.options(town, "policy: {backend: ants}", "bees", "policy.options.hidden=3") == {"hidden": 3}

    def test_what_a_file_wrote_for_another_backend_stays_behind(self, town):
        text = "policy: {backend: ants, options: {a: 1}}"
        assert self.options(town, text, "bees", "policy.options.hidden=3") == {"hidden": 3}
        assert self.options(town, text, "bees") == {}
        assert self.options(town, text, "ants", "policy.options.b=2") == {"a": 1, "b": 2}

    def test_options_of_a_file_that_names_no_backend_are_for_whichever_is_typed(self, town):
        assert self.options(town, "policy: {options: {hidden: 3}}", "bees") == {"hidden": 3}

    @pytest.mark.parametrize("backend", ["stub", "mixture:ants,bees,0.5"])
    def test_who_takes_none_is_not_given_any_in_silence(self, town, backend: str):
        with pytest.raises(UsageError, match=r"takes no options, but policy.options.hidden is set") as caught:
            self.options(town, "seed: 1", backend, "policy.options.hidden=3")
        assert "--set policy.options.hidden=3" in str(caught.value)

    def test_of_several_that_are_typed_the_config_s_own_keeps_them(self, town):
        made = Casting.of(town("policy: {backend: ants}", "policy.options.a=1"))
        assert made.names_the_sections("ants")
        assert [dict(made.cast(name, shared=True).minds[0].options) for name in ("ants", "bees")] == [{"a": 1}, {}]
