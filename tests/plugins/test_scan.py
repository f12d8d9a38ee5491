"""The table of backends: states, conflicts, duplicates, and that nothing is imported for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from townlet.plugins import BackendRow, State, refresh, scan, scan_all

LOUD = "raise SystemExit('imported')"


def only() -> BackendRow:
    (row,) = scan()
    return row


def test_empty(site: Any) -> None:
    assert scan() == ()


def test_present(site: Any) -> None:
    site.add("foo", plugin=LOUD, aliases=("f",))
    row = only()
    assert (row.name, row.state, row.why) == ("foo", State.PRESENT, "")
    assert (row.distribution, row.version, row.contract, row.aliases) == ("acme-foo", "1.0", ">=1,<2", ("f",))
    assert row.qualified == "acme-foo:foo"
    assert row.warnings == ()


def test_without_manifest(site: Any) -> None:
    site.add("foo", plugin=LOUD, manifest=None)
    row = only()
    assert (row.state, row.manifest, row.contract) == (State.PRESENT, None, "")
    assert row.warnings == ("it has no manifest",)


def test_declared(site: Any) -> None:
    site.add("foo", requires=("lib>=2",))
    assert (only().state, only().why) == (State.DECLARED, "lib>=2 is not installed")
    site.metadata("lib", "1.9")
    refresh()
    assert (only().state, only().why) == (State.DECLARED, "lib>=2 is required, 1.9 is installed")
    site.metadata("lib", "1.9").rename(site.folder / "gone")
    site.metadata("lib", "2.0")
    refresh()
    assert only().state is State.PRESENT


def test_incompatible(site: Any) -> None:
    site.add("foo", api=">=2,<3")
    assert (only().state, only().why) == (State.INCOMPATIBLE, "it serves contract >=2,<3, this core speaks 1")


def test_broken_manifest_is_a_row(site: Any) -> None:
    site.add("foo", manifest="schema = = 1")
    assert only().state is State.BROKEN
    assert only().why.startswith("manifest: the file is not TOML")


def test_one_broken_does_not_hide_others(site: Any) -> None:
    site.add("bad", manifest="schema = = 1")
    site.add("good")
    assert {row.name: row.state for row in scan()} == {"bad": State.BROKEN, "good": State.PRESENT}


class TestConflicts:
    def test_two_distributions(self, site: Any) -> None:
        site.add("foo", distribution="one")
        site.add("foo", distribution="two")
        assert [(row.distribution, row.state) for row in scan()] == [
            ("one", State.CONFLICTING),
            ("two", State.CONFLICTING),
        ]
        assert scan()[0].why == "two claims the name too; say 'one:foo'"

    def test_spelling_does_not_hide_it(self, site: Any) -> None:
        site.add("My_Foo", distribution="one")
        site.add("my-foo", distribution="two")
        assert [row.state for row in scan()] == [State.CONFLICTING] * 2

    def test_a_reserved_name(self, site: Any) -> None:
        site.add("pytorch", distribution="impostor")
        assert only().state is State.CONFLICTING
        assert only().why == "the name is reserved for townlet-backend-pytorch; say 'impostor:pytorch'"

    def test_the_owner_of_a_reserved_name(self, site: Any) -> None:
        site.add("pytorch", distribution="Townlet-Backend_PyTorch")
        assert only().state is State.PRESENT

    def test_aliases_do_not_take_names(self, site: Any) -> None:
        site.add("foo", aliases=("bar", "torch", "own"))
        site.add("bar")
        foo = next(row for row in scan() if row.name == "foo")
        assert foo.aliases == ("own",)
        assert foo.warnings == (
            "its alias 'bar' is ignored: a backend has that name",
            "its alias 'torch' is ignored: it is reserved for 'pytorch'",
        )


class TestDuplicates:
    @pytest.fixture
    def second(self, site: Any, tmp_path: Path) -> Any:
        other = type(site)(tmp_path / "second")
        site.paths.append(str(other.folder))
        return other

    def test_the_same_twice_is_one_row(self, site: Any, second: Any) -> None:
        site.add("foo")
        second.add("foo")
        assert only().state is State.PRESENT
        assert only().warnings == (f"acme-foo is installed twice; also in {second.folder}",)

    def test_stale_metadata_is_one_row(self, site: Any, second: Any) -> None:
        site.add("foo")
        second.add("foo", version="0.9", value="acme_foo.old")
        assert (only().version, only().declaration.value) == ("1.0", "acme_foo.plugin")
        assert only().warnings == (f"acme-foo has stale metadata: acme_foo.old of version 0.9 in {second.folder}",)

    def test_the_same_folder_twice_on_the_path(self, site: Any) -> None:
        site.add("foo")
        site.paths.append(str(site.folder))
        refresh()
        assert only().warnings == ()


class TestCurrentDirectory:
    def test_refused(self, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        site.add("foo")
        monkeypatch.chdir(site.folder)
        refresh()
        assert only().state is State.BLOCKED
        assert only().why == "its metadata lies in the current directory; TOWNLET_ALLOW_LOCAL_BACKENDS=1 accepts it"

    def test_allowed(self, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        site.add("foo")
        monkeypatch.chdir(site.folder)
        monkeypatch.setenv("TOWNLET_ALLOW_LOCAL_BACKENDS", "1")
        refresh()
        assert only().state is State.PRESENT

    def test_does_not_disturb_the_installed_one(
        self, site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = type(site)(tmp_path / "here")
        site.paths.insert(0, str(here.folder))
        here.add("foo", distribution="intruder")
        here.add("foo", version="6.6")
        site.add("foo")
        monkeypatch.chdir(here.folder)
        refresh()
        states = {(row.distribution, row.version): row.state for row in scan()}
        assert states == {
            ("acme-foo", "1.0"): State.PRESENT,
            ("acme-foo", "6.6"): State.BLOCKED,
            ("intruder", "1.0"): State.BLOCKED,
        }


def test_damaged_metadata_is_a_warning(site: Any) -> None:
    site.add("good")
    info = site.metadata("damaged", "1.0", "x")
    (info / "entry_points.txt").write_bytes(b"[townlet.backends]\nx = \xff\xfe\n")
    refresh()
    assert only().name == "good"
    (warning,) = scan_all().warnings
    assert "damaged" in warning or str(site.folder) in warning


def test_a_distribution_without_a_name(site: Any) -> None:
    site.add("foo")
    (site.folder / "acme_foo-1.0.dist-info" / "METADATA").unlink()
    refresh()
    assert only().distribution.startswith("unnamed distribution in")
    assert only().version == "unknown"


def test_an_orphaned_manifest_is_a_warning(site: Any) -> None:
    site.metadata("lonely", "1.0", "[townlet.backend_manifests]\nfoo = lonely:m.toml\n")
    refresh()
    assert scan_all().warnings == ("lonely declares a manifest for 'foo' but no backend of that name",)


def test_memoised_until_refreshed(site: Any) -> None:
    assert scan() == ()
    site.metadata("acme-foo", "1.0", "[townlet.backends]\nfoo = acme_foo.plugin\n")
    assert scan() == ()
    refresh()
    assert len(scan()) == 1


@pytest.mark.parametrize(
    "code",
    [
        "import townlet.plugins",
        "from townlet.plugins import scan; scan()",
        "from townlet.plugins import torch_available; torch_available()",
        "from townlet.plugins import Selection, scan; Selection.from_environment(['pytorch']).check(scan())",
    ],
)
def test_imports_nothing_heavy(code: str) -> None:
    unwanted = "numpy numba pydantic torch pluggy click townlet_backend_scripted townlet_backend_pytorch townlet.api"
    check = f"import sys; bad = [m for m in {unwanted.split()!r} if m in sys.modules]; assert not bad, bad"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{check}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_reads_no_metadata() -> None:
    code = "import townlet.plugins, sys; assert 'importlib_metadata' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
