"""Resolving for real: import under the guard, hooks, options, creation, provenance."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from townlet.api import ObservationBatch, ObservationSpec
from townlet.errors import (
    BackendContractError,
    BackendDependencyError,
    BackendError,
    BackendLoadError,
    CheckpointError,
    ConfigError,
)
from townlet.plugins import Selection, StubPolicy, refresh, resolve_learner, resolve_policy, validate_options

ALL = Selection()

OPTIONS = """
    from pydantic import BaseModel, ConfigDict

    class Options(BaseModel):
        model_config = ConfigDict(extra="forbid")
        level: int = 3
"""

WITH_OPTIONS = """
    from townlet.plugins import StubPolicy, hookimpl
    from acme_foo.options import Options

    class Policy(StubPolicy):
        def __init__(self, request):
            self.request = request

    @hookimpl
    def townlet_create_policy(request):
        return Policy(request)

    @hookimpl
    def townlet_backend_options():
        return Options
"""


@pytest.fixture
def load(site: Any, spec: ObservationSpec) -> Any:
    """Install a backend ``foo`` with this plugin module and resolve it."""

    def run(plugin: str, **arguments: Any) -> Any:
        site.add("foo", plugin=plugin, **arguments)
        return resolve_policy("foo", spec=spec, selection=ALL)

    return run


def test_good(site: Any, spec: ObservationSpec) -> None:
    site.add("foo", plugin=WITH_OPTIONS, options="acme_foo.options:Options", aliases=("f",))
    site.package("acme_foo", options=OPTIONS)
    policy, provenance = resolve_policy("F", spec=spec, options={"level": 5}, seed=7, selection=ALL)
    request = policy.request  # type: ignore[attr-defined]
    assert (request.backend, request.spec, request.options.level, request.seed) == ("foo", spec, 5, 7)
    told = provenance.to_json()
    digest = told.pop("manifest_digest")
    assert len(str(digest)) == 64
    assert told == {
        "requested": "F",
        "active": "foo",
        "reason": None,
        "distribution": "acme-foo",
        "version": "1.0",
        "entry_point": "acme_foo.plugin",
        "editable": None,
        "contract": 1,
        "requires": {},
        "options": {"level": 5},
    }


def test_stub(site: Any, spec: ObservationSpec) -> None:
    policy, provenance = resolve_policy("stub", spec=spec, selection=ALL)
    assert isinstance(policy, StubPolicy)
    assert (provenance.active, provenance.reason) == ("stub", None)
    decision = policy.decide(ObservationBatch.empty(spec, 3), policy.initial_state(3, 0))
    assert decision.actions.tolist() == [0, 0, 0]


def test_an_entry_point_may_name_an_object(load: Any) -> None:
    source = """
        from townlet.plugins import StubPolicy, hookimpl

        class Hooks:
            @hookimpl
            def townlet_create_policy(self, request):
                return StubPolicy()

        hooks = Hooks()
    """
    assert isinstance(load(source, value="acme_foo.plugin:hooks").policy, StubPolicy)


def test_only_the_chosen_one_is_imported(site: Any, spec: ObservationSpec) -> None:
    site.add("foo")
    site.add("bad", plugin="raise SystemExit")
    resolve_policy("foo", spec=spec, selection=ALL)
    assert "acme_foo.plugin" in sys.modules
    assert "acme_bad" not in sys.modules


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        ("", "it has no townlet_create_policy"),
        ("def townlet_create_policy(request): ...", "townlet_create_policy is not marked with @hookimpl"),
        (
            "from townlet.plugins import hookimpl\n@hookimpl\ndef townlet_create_polcy(request): ...",
            "its hooks do not fit",
        ),
        (
            "from townlet.plugins import hookimpl\n@hookimpl\ndef townlet_create_policy(request, extra): ...",
            "its hooks do not fit",
        ),
        (
            "from townlet.plugins import hookimpl\n@hookimpl\ndef townlet_create_policy(request): ...",
            "townlet_create_policy returned None",
        ),
    ],
)
def test_hooks_that_do_not_fit(load: Any, plugin: str, message: str) -> None:
    with pytest.raises(BackendLoadError) as caught:
        load(plugin)
    assert message in caught.value.summary
    assert any("townlet_create_polcy" in d or "extra" in d for d in caught.value.details) or "not fit" not in message


def creating(body: str) -> str:
    return f"from townlet.plugins import hookimpl\n@hookimpl\ndef townlet_create_policy(request):\n    {body}\n"


def test_creation_fails(load: Any) -> None:
    with pytest.raises(BackendLoadError) as caught:
        load(creating("return 1 / 0"))
    assert caught.value.summary == "policy backend 'foo' failed to create a policy: an error in its own code"
    assert caught.value.details[:2] == (
        "ZeroDivisionError: division by zero",
        "at: acme_foo/plugin.py:4, in townlet_create_policy",
    )


def test_errors_of_ours_pass_with_the_place(site: Any, spec: ObservationSpec) -> None:
    site.add("foo", plugin=creating("from townlet.errors import CheckpointError; raise CheckpointError('torn')"))
    with pytest.raises(CheckpointError) as caught:
        resolve_policy("foo", spec=spec, selection=ALL, where="town.yaml:1, policy.backend")
    assert str(caught.value) == "torn  (town.yaml:1, policy.backend)"


def test_a_contract_error_is_the_backends_fault(load: Any) -> None:
    with pytest.raises(BackendLoadError, match=r"failed to create a policy"):
        load(creating("return request.spec.feature_index('no such feature')"))


def test_a_policy_that_does_not_fit(load: Any) -> None:
    with pytest.raises(BackendContractError) as caught:
        load(creating("return object()"))
    assert caught.value.details[0] == "it has no method initial_state(rows, seed)"
    assert "backend: acme-foo 1.0" in caught.value.details


def test_keyboard_interrupt_gets_out(load: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        load("raise KeyboardInterrupt")


def test_exotic_exceptions_do_not(load: Any) -> None:
    with pytest.raises(BackendLoadError, match=r"failed to load"):
        load("class Odd(BaseException): pass\nraise Odd('odd')")


def test_prints_to_stderr_and_leaves_randomness_alone(load: Any, capsys: pytest.CaptureFixture[str]) -> None:
    random.seed(5)
    np.random.seed(5)
    expected = random.random(), np.random.random()
    random.seed(5)
    np.random.seed(5)
    source = """
        import random
        import numpy as np
        from townlet.plugins import StubPolicy, hookimpl
        print("hello from a plugin")
        random.seed(1)
        np.random.seed(1)

        @hookimpl
        def townlet_create_policy(request):
            random.seed(2)
            print("and again")
            return StubPolicy()
    """
    load(source)
    assert (random.random(), np.random.random()) == expected
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "hello from a plugin\nand again\n"


class TestWhoseFault:
    """The culprit is the deepest frame in the plugin's folder or in that of something it requires."""

    def lib(self, site: Any, **modules: str) -> None:
        site.package("lib", **modules)
        site.metadata("lib", "2.0")
        refresh()

    def test_the_requirement_is_gone_though_its_metadata_is_there(self, site: Any, load: Any) -> None:
        site.metadata("lib", "2.0")
        with pytest.raises(BackendDependencyError) as caught:
            load("import lib", requires=("lib",))
        assert caught.value.summary.endswith("lib 2.0 is installed but cannot be imported")
        assert caught.value.details[0] == "ModuleNotFoundError: No module named 'lib'"

    def test_the_requirement_lacks_a_module(self, site: Any, load: Any) -> None:
        self.lib(site)
        with pytest.raises(BackendDependencyError, match=r"lib 2.0 is installed but lacks the module 'lib.gone'"):
            load("import lib.gone", requires=("lib",))

    def test_the_requirement_lacks_a_name(self, site: Any, load: Any) -> None:
        self.lib(site, init="from lib.part import gone", part="")
        with pytest.raises(BackendDependencyError, match=r"lib 2.0 is installed but cannot be imported"):
            load("import lib", requires=("lib",))

    def test_the_plugin_asks_for_a_name_that_is_not_there(self, site: Any, load: Any) -> None:
        self.lib(site)
        with pytest.raises(BackendLoadError) as caught:
            load("from lib import gone", requires=("lib",))
        assert caught.value.details[0].startswith("ImportError: cannot import name 'gone' from 'lib'")

    def test_the_requirement_lacks_something_of_its_own(self, site: Any, load: Any) -> None:
        self.lib(site, init="import something_that_lib_needs")
        with pytest.raises(BackendDependencyError) as caught:
            load("import lib", requires=("lib",))
        assert caught.value.details[1] == "failing package: lib (not acme-foo)"

    def test_the_requirement_raises_while_it_is_imported(self, site: Any, load: Any) -> None:
        self.lib(site, init="raise RuntimeError('driver too old')")
        with pytest.raises(BackendDependencyError) as caught:
            load("import lib", requires=("lib",))
        assert caught.value.details[0] == "RuntimeError: driver too old"

    def test_the_requirement_raises_when_it_is_used(self, site: Any, load: Any) -> None:
        self.lib(site, init="def use():\n    raise RuntimeError('bad use')")
        with pytest.raises(BackendLoadError) as caught:
            load("import lib\nlib.use()", requires=("lib",))
        assert caught.value.summary.endswith("an error while it used a package that it requires")
        assert caught.value.details[:3] == ("RuntimeError: bad use", "at: lib/__init__.py:2, in use", "raised in: lib")

    def test_a_requirement_with_another_import_name(self, site: Any, load: Any) -> None:
        site.package("elsewhere", init="raise OSError('no such library')")
        info = site.metadata("lib", "2.0")
        (info / "top_level.txt").write_text("elsewhere\n")
        with pytest.raises(BackendDependencyError, match=r"lib 2.0 is installed but cannot be imported"):
            load("import elsewhere", requires=("lib",))

    def test_the_cause_behind_the_exception_counts(self, site: Any, load: Any) -> None:
        self.lib(site, init="raise OSError('no such library')")
        source = "try:\n    import lib\nexcept OSError as error:\n    raise ImportError('cannot work') from error\n"
        with pytest.raises(BackendDependencyError, match=r"lib 2.0"):
            load(source, requires=("lib",))

    def test_the_plugin_itself_after_using_it(self, site: Any, load: Any) -> None:
        self.lib(site)
        with pytest.raises(BackendLoadError, match=r"an error in its own code"):
            load("import lib\nraise ValueError('mine')", requires=("lib",))

    def test_a_module_of_its_own_is_gone(self, load: Any) -> None:
        with pytest.raises(BackendLoadError, match=r"its own module 'acme_foo.gone' does not exist"):
            load("import acme_foo.gone")

    def test_missing_when_a_policy_is_created(self, site: Any, load: Any) -> None:
        site.metadata("lib", "2.0")
        with pytest.raises(BackendDependencyError, match=r"cannot be imported"):
            load(creating("import lib"), requires=("lib",))

    def test_a_syntax_error(self, load: Any) -> None:
        with pytest.raises(BackendLoadError, match=r"an error in its own code") as caught:
            load("def (:")
        assert caught.value.details[0].startswith("SyntaxError: ")


class TestOptions:
    def test_relocated(self, site: Any, spec: ObservationSpec) -> None:
        site.add("foo", plugin=WITH_OPTIONS, options="acme_foo.options:Options")
        site.package("acme_foo", options=OPTIONS)
        with pytest.raises(ConfigError) as caught:
            resolve_policy("foo", spec=spec, options={"levle": 1}, selection=ALL, where="t.yaml:1, policy.backend")
        assert caught.value.where == "t.yaml, policy.options.levle"

    def test_a_path_of_the_manifest_that_leads_nowhere_is_said_though_a_hook_gives_the_model(
        self, site: Any, spec: ObservationSpec
    ) -> None:
        site.add("foo", plugin=WITH_OPTIONS, options="acme_foo.elsewhere:Options")
        site.package("acme_foo", options=OPTIONS)
        with pytest.raises(BackendLoadError, match=r"its module 'acme_foo.elsewhere' does not exist"):
            resolve_policy("foo", spec=spec, selection=ALL)

    def test_validated_without_the_plugin_module(self, site: Any) -> None:
        site.add("foo", plugin="raise SystemExit", options="acme_foo.options:Options", requires=("absent>=1",))
        site.package("acme_foo", options=OPTIONS)
        assert validate_options("foo", {"level": "4"}, selection=ALL).level == 4  # type: ignore[union-attr]
        with pytest.raises(ConfigError):
            validate_options("foo", {"level": "high"}, selection=ALL)

    def test_validated_by_the_hook_without_a_manifest(self, site: Any) -> None:
        site.add("foo", plugin=WITH_OPTIONS, manifest=None)
        site.package("acme_foo", options=OPTIONS)
        with pytest.raises(ConfigError, match=r"levle"):
            validate_options("foo", {"levle": 4}, selection=ALL)

    def test_the_stub_takes_none(self, site: Any) -> None:
        assert validate_options("stub", {}, selection=ALL) is None
        with pytest.raises(ConfigError):
            validate_options("stub", {"a": 1}, selection=ALL)

    @pytest.mark.parametrize("value", ["acme_foo.options:Gone", "acme_foo.nowhere:Options", "acme_foo.options:SIZE"])
    def test_a_manifest_that_names_no_model(self, site: Any, value: str) -> None:
        site.add("foo", plugin=creating("return None"), options=value)
        site.package("acme_foo", options=OPTIONS + "\n    SIZE = 3\n")
        with pytest.raises(BackendError):
            validate_options("foo", {}, selection=ALL)


class TestLearner:
    SOURCE = """
        from townlet.plugins import StubPolicy, hookimpl

        class Learner:
            policy = StubPolicy()
            def clone_behaviour(self, demonstrations, settings, report): ...
            def update(self, rollout, settings): ...
            def save(self, directory): ...
            def load(self, directory): ...

        @hookimpl
        def townlet_create_policy(request):
            return StubPolicy()

        @hookimpl
        def townlet_create_learner(request):
            return Learner()
    """

    def test_good(self, site: Any, spec: ObservationSpec) -> None:
        site.add("foo", plugin=self.SOURCE)
        learner, provenance = resolve_learner("foo", spec=spec, selection=ALL)
        assert isinstance(learner.policy, StubPolicy)
        assert provenance.active == "foo"

    def test_structure(self, site: Any, spec: ObservationSpec) -> None:
        site.add("foo", plugin=self.SOURCE.replace("def update(self, rollout, settings)", "def update(self)"))
        with pytest.raises(BackendContractError) as caught:
            resolve_learner("foo", spec=spec, selection=ALL)
        assert caught.value.details[0].startswith("update() cannot be called as update(rollout, settings)")

    @pytest.mark.parametrize("name", ["stub", "foo"])
    def test_cannot_learn(self, site: Any, spec: ObservationSpec, name: str) -> None:
        site.add("foo")
        with pytest.raises(BackendLoadError, match=f"'{name}' cannot learn"):
            resolve_learner(name, spec=spec, selection=ALL)


@pytest.mark.torch
def test_torch_forbidden_in_a_child_process() -> None:
    """``sys.modules["torch"] = None`` is how Python forbids an import; the message must say that torch is at fault."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from townlet.api import ObservationSpec\n"
        "from townlet.plugins import resolve_policy, Selection\n"
        "from townlet.errors import TorchNotAvailableError\n"
        "spec = ObservationSpec.of_names('tiny', features=('hunger',), actions=('wait', 'go'))\n"
        "try:\n    resolve_policy('pytorch', spec=spec, selection=Selection())\n"
        "except TorchNotAvailableError as error:\n    print(error.summary)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "is installed but cannot be imported" in done.stdout, done.stderr
