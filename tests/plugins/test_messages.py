"""Golden messages: what a user reads, character by character, and the exit code that goes with it."""

from __future__ import annotations

import sys
import textwrap
from typing import Any

import pytest

from townlet.api import ObservationSpec
from townlet.errors import (
    BackendBlockedError,
    BackendConflictError,
    BackendDependencyError,
    BackendIncompatibleError,
    BackendLoadError,
    BackendNotInstalledError,
    ConfigError,
    TorchNotAvailableError,
    TownletError,
)
from townlet.plugins import Selection, refresh, resolve_learner, resolve_policy

WHERE = "town.yaml:12, policy.backend"


@pytest.fixture
def refusal(spec: ObservationSpec) -> Any:
    """Resolve a name that cannot be resolved, and give the error."""

    def resolve(name: str, kind: type[TownletError], **arguments: Any) -> str:
        with pytest.raises(kind) as caught:
            resolve_policy(name, spec=spec, **{"where": WHERE, "selection": Selection(), **arguments})
        assert type(caught.value) is kind
        assert caught.value.exit_code == (2 if kind is ConfigError else 3)
        return f"error: {caught.value}"

    return resolve


def golden(text: str) -> str:
    return textwrap.dedent(text).strip("\n")


def test_not_installed(site: Any, refusal: Any) -> None:
    site.add("scripted", distribution="townlet-backend-scripted")
    assert refusal("pytorch", BackendNotInstalledError) == golden("""
        error: policy backend 'pytorch' is not installed  (town.yaml:12, policy.backend)
          installed backends: scripted
          install it with:  pip install townlet-backend-pytorch
          or run without it: set policy.backend to 'scripted'
    """)


def test_not_installed_asked_by_alias(site: Any, refusal: Any) -> None:
    assert refusal("torch", BackendNotInstalledError) == golden("""
        error: policy backend 'pytorch' is not installed  (town.yaml:12, policy.backend)
          installed backends: none
          install it with:  pip install townlet-backend-pytorch
          or run without it: set policy.backend to 'stub'
    """)


def test_not_installed_and_not_known(site: Any, refusal: Any) -> None:
    site.add("foo")
    assert refusal("galactic", BackendNotInstalledError) == golden("""
        error: policy backend 'galactic' is not installed  (town.yaml:12, policy.backend)
          installed backends: foo
          install the distribution that provides it, or correct the name
          or run without it: set policy.backend to 'foo'
    """)


def test_misspelt(site: Any, refusal: Any) -> None:
    site.add("scripted", distribution="townlet-backend-scripted")
    assert refusal("PyTroch", ConfigError) == golden("""
        error: there is no policy backend 'PyTroch'  (town.yaml:12, policy.backend)
          did you mean 'pytorch'?
          installed backends: scripted
    """)


def test_requirement_missing(site: Any, refusal: Any) -> None:
    site.add("pytorch", distribution="townlet-backend-pytorch", version="0.1.0", requires=("torch>=2.4",))
    assert refusal("pytorch", TorchNotAvailableError, where=None) == golden("""
        error: policy backend 'pytorch' cannot start: PyTorch (torch>=2.4) is not installed
          backend: townlet-backend-pytorch 0.1.0
          install it with:  pip install "torch>=2.4"
    """)


def test_requirement_missing_without_a_title(site: Any, refusal: Any) -> None:
    site.add("foo", requires=("rare_lib~=3.0",))
    assert refusal("foo", BackendDependencyError) == golden("""
        error: policy backend 'foo' cannot start: rare_lib~=3.0 is not installed  (town.yaml:12, policy.backend)
          backend: acme-foo 1.0
          install it with:  pip install "rare_lib~=3.0"
    """)


def test_requirement_too_old(site: Any, refusal: Any) -> None:
    site.add("pytorch", distribution="townlet-backend-pytorch", version="0.1.0", requires=("torch>=2.4",))
    site.metadata("torch", "2.1.0+cpu")
    refresh()
    assert refusal("pytorch", TorchNotAvailableError) == golden("""
        error: policy backend 'pytorch' cannot start: PyTorch 2.1.0+cpu is installed, but torch>=2.4 is required  (town.yaml:12, policy.backend)
          backend: townlet-backend-pytorch 0.1.0
          change it with:  pip install --upgrade "torch>=2.4"
    """)  # noqa: E501


def test_requirement_unreadable(site: Any, refusal: Any) -> None:
    site.add("foo", requires=("lib >> 2",))
    first, *rest = refusal("foo", BackendDependencyError).splitlines()
    assert first.startswith("error: policy backend 'foo' cannot start: 'lib >> 2' is not a requirement: ")
    assert rest == [
        "  backend: acme-foo 1.0",
        "  its manifest or that metadata is wrong: tell its authors",
        "  next:  townlet backends doctor foo",
    ]


def test_requirement_broken(site: Any, refusal: Any) -> None:
    site.add(
        "pytorch",
        distribution="townlet-backend-pytorch",
        version="0.1.0",
        requires=("torch>=2.4",),
        plugin="import torch",
    )
    site.package(
        "torch", init="raise OSError('libcudart.so.13: cannot open shared object file: No such file or directory')"
    )
    site.metadata("torch", "2.13.0")
    refresh()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torch"]:
            patch.delitem(sys.modules, name)
        text = refusal("pytorch", TorchNotAvailableError, where=None)
    assert text == golden("""
        error: policy backend 'pytorch' failed to load: torch 2.13.0 is installed but cannot be imported
          OSError: libcudart.so.13: cannot open shared object file: No such file or directory
          failing package: torch (not townlet-backend-pytorch)
          next:  townlet backends doctor pytorch
    """)


def test_plugins_own_fault(site: Any, refusal: Any) -> None:
    site.add("foo", plugin="def start():\n    raise ValueError('no good')\n\nstart()\n")
    assert refusal("foo", BackendLoadError) == golden("""
        error: policy backend 'foo' failed to load: an error in its own code  (town.yaml:12, policy.backend)
          ValueError: no good
          at: acme_foo/plugin.py:2, in start
          failing package: acme-foo 1.0
          report it to:  https://example.org/issues
          next:  townlet backends doctor foo
    """)


def test_exit_on_import(site: Any, refusal: Any) -> None:
    site.add("foo", plugin="import sys\nsys.exit(7)\n")
    assert refusal("foo", BackendLoadError) == golden("""
        error: policy backend 'foo' failed to load: it called sys.exit(7)  (town.yaml:12, policy.backend)
          at: acme_foo/plugin.py:2, in <module>
          failing package: acme-foo 1.0
          report it to:  https://example.org/issues
          next:  townlet backends doctor foo
    """)


def test_module_missing(site: Any, refusal: Any) -> None:
    site.add("foo", value="acme_foo.gone")
    assert refusal("foo", BackendLoadError) == golden("""
        error: policy backend 'foo' failed to load: its module 'acme_foo.gone' does not exist  (town.yaml:12, policy.backend)
          entry point: foo = acme_foo.gone
          failing package: acme-foo 1.0
          report it to:  https://example.org/issues
          next:  townlet backends doctor foo
    """)  # noqa: E501


def test_attribute_missing(site: Any, refusal: Any) -> None:
    site.add("foo", value="acme_foo.plugin:Plugin.inner")
    assert refusal("foo", BackendLoadError) == golden("""
        error: policy backend 'foo' failed to load: its module 'acme_foo.plugin' has no 'Plugin'  (town.yaml:12, policy.backend)
          entry point: foo = acme_foo.plugin:Plugin.inner
          failing package: acme-foo 1.0
          report it to:  https://example.org/issues
          next:  townlet backends doctor foo
    """)  # noqa: E501


def test_undeclared_requirement(site: Any, refusal: Any) -> None:
    site.add("foo", plugin="import surprise_of_the_tests")
    assert refusal("foo", BackendLoadError) == golden("""
        error: policy backend 'foo' failed to load: it imports 'surprise_of_the_tests', which is not installed and which it does not require  (town.yaml:12, policy.backend)
          ModuleNotFoundError: No module named 'surprise_of_the_tests'
          at: acme_foo/plugin.py:1, in <module>
          failing package: acme-foo 1.0
          report it to:  https://example.org/issues
          next:  townlet backends doctor foo
    """)  # noqa: E501


def test_incompatible_newer(site: Any, refusal: Any) -> None:
    site.add("foo", api=">=2,<3", version="4.2")
    assert refusal("foo", BackendIncompatibleError) == golden("""
        error: policy backend 'foo' serves contract >=2,<3, but this townlet-core speaks contract 1  (town.yaml:12, policy.backend)
          backend: acme-foo 4.2
          use a newer core:  pip install --upgrade townlet-core
          or an older backend:  pip install "acme-foo<4.2"
    """)  # noqa: E501


def test_incompatible_older(site: Any, refusal: Any) -> None:
    site.add("foo", api="<1", version="0.2")
    assert refusal("foo", BackendIncompatibleError) == golden("""
        error: policy backend 'foo' serves contract <1, but this townlet-core speaks contract 1  (town.yaml:12, policy.backend)
          backend: acme-foo 0.2
          use a newer backend:  pip install --upgrade acme-foo
          or an older core, one that speaks contract <1
    """)  # noqa: E501


def test_blocked_by_a_deny_list(site: Any, refusal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add("foo")
    site.add("scripted", distribution="townlet-backend-scripted")
    monkeypatch.setenv("TOWNLET_DISABLE_BACKENDS", "pytorch, Foo")
    assert refusal("foo", BackendBlockedError, selection=None) == golden("""
        error: policy backend 'foo' is blocked by TOWNLET_DISABLE_BACKENDS  (town.yaml:12, policy.backend)
          TOWNLET_DISABLE_BACKENDS: Foo
          remove it from TOWNLET_DISABLE_BACKENDS, or choose another: scripted
    """)


def test_blocked_by_an_allow_list(site: Any, refusal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add("foo")
    monkeypatch.setenv("TOWNLET_ONLY_BACKENDS", "scripted")
    assert refusal("foo", BackendBlockedError, selection=None) == golden("""
        error: policy backend 'foo' is blocked: it is not among TOWNLET_ONLY_BACKENDS  (town.yaml:12, policy.backend)
          TOWNLET_ONLY_BACKENDS: scripted
          add it to TOWNLET_ONLY_BACKENDS, or choose another: stub
    """)


def test_blocked_by_a_file(site: Any, refusal: Any) -> None:
    site.add("foo")
    lists = Selection(disabled=frozenset({"foo"}), disabled_sources={"foo": "house.yaml:3, disabled_backends"})
    assert refusal("foo", BackendBlockedError, selection=lists) == golden("""
        error: policy backend 'foo' is blocked by house.yaml:3, disabled_backends  (town.yaml:12, policy.backend)
          house.yaml:3, disabled_backends: foo
          remove it from house.yaml:3, disabled_backends, or choose another: stub
    """)


def test_blocked_before_not_installed(site: Any, refusal: Any) -> None:
    text = refusal("pytorch", BackendBlockedError, selection=Selection(disabled=frozenset({"torch"})))
    assert text.startswith("error: policy backend 'pytorch' is blocked by --disable-backend")


def test_unknown_name_in_a_list(site: Any, refusal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add("foo")
    monkeypatch.setenv("TOWNLET_DISABLE_BACKENDS", "pytroch")
    assert refusal("foo", ConfigError, selection=None) == golden("""
        error: TOWNLET_DISABLE_BACKENDS names an unknown policy backend: 'pytroch'
          did you mean 'pytorch'?
          see the names with:  townlet backends list
    """)


def test_conflict(site: Any, refusal: Any) -> None:
    site.add("foo", distribution="acme-one", version="1.1")
    site.add("foo", distribution="acme-two", version="2.2")
    assert refusal("foo", BackendConflictError) == golden("""
        error: policy backend 'foo' is claimed by 2 distributions  (town.yaml:12, policy.backend)
          acme-one 1.1: say 'acme-one:foo'
          acme-two 2.2: say 'acme-two:foo'
          or uninstall one of them:  pip uninstall acme-two
    """)


def test_reserved_name(site: Any, refusal: Any) -> None:
    site.add("scripted", distribution="acme-scripted")
    assert refusal("scripted", BackendConflictError) == golden("""
        error: policy backend 'scripted' is claimed by acme-scripted, but the name is reserved for townlet-backend-scripted  (town.yaml:12, policy.backend)
          install that one:  pip install townlet-backend-scripted
          or, to use acme-scripted 1.0: set policy.backend to 'acme-scripted:scripted'
    """)  # noqa: E501


def test_broken_manifest(site: Any, refusal: Any) -> None:
    site.add("foo", manifest='schema = 1\nname = "bar"\napi = ">=1"')
    assert refusal("foo", BackendLoadError) == golden("""
        error: policy backend 'foo' has a broken manifest: name is 'bar', but its entry point says 'foo'  (town.yaml:12, policy.backend)
          backend: acme-foo 1.0
          reinstall it, or tell its authors:  pip install --force-reinstall acme-foo
          next:  townlet backends doctor foo
    """)  # noqa: E501


def test_current_directory(site: Any, refusal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add("foo")
    monkeypatch.chdir(site.folder)
    refresh()
    assert refusal("foo", BackendBlockedError) == golden(f"""
        error: policy backend 'foo' is refused: its metadata lies in the current directory  (town.yaml:12, policy.backend)
          found: acme-foo 1.0 in {site.folder}
          if you trust it:  TOWNLET_ALLOW_LOCAL_BACKENDS=1
          or start townlet from another directory, or install the distribution
    """)  # noqa: E501


def test_cannot_learn(site: Any, spec: ObservationSpec) -> None:
    site.add("foo")
    site.add("pytorch", distribution="townlet-backend-pytorch", capabilities=("act", "learn.bc"))
    with pytest.raises(BackendLoadError) as caught:
        resolve_learner("foo", spec=spec, where=WHERE)
    assert f"error: {caught.value}" == golden("""
        error: policy backend 'foo' cannot learn: it has no learner  (town.yaml:12, policy.backend)
          backends that learn: pytorch
    """)
