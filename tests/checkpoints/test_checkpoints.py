"""Checkpoints: whole or absent, verified, refused by the first thing that is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from townlet.api import API_VERSION, Feature, TownFacts
from townlet.checkpoints import read_checkpoint, write_checkpoint
from townlet.errors import CheckpointError
from townlet.storage import canonical_bytes, canonical_digest, find_partials

FILES = ("manifest.json", "weights.safetensors", "training/progress.json")


def refusal(path, **kwargs) -> str:
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(path, **kwargs)
    return str(caught.value)


def edit(path, change) -> None:
    document = json.loads((path / "manifest.json").read_text())
    del document["digest"]
    change(document)
    document["digest"] = canonical_digest(document)
    (path / "manifest.json").write_bytes(canonical_bytes(document))


class TestWriting:
    def test_reads_back(self, save, spec):
        written = save(metrics={"reward": 1.5, "nothing": float("nan")}, version="0.1", fingerprint="f00")
        found = read_checkpoint(written.path, spec)
        assert found == written
        assert found.manifest.backend == "pytorch"
        assert found.manifest.metrics == {"reward": 1.5}
        assert sorted(found.manifest.files) == sorted(FILES[1:])
        assert (found.path / "training" / "progress.json").read_text() == '{"update": 3}'

    def test_it_remembers_the_town_and_another_one_is_told_in_words(self, save):
        town = TownFacts(map="hamlet", map_digest="a" * 64, agents=4, height=12, width=12, rules={"economy.rent": 11.0})
        written = read_checkpoint(save(facts=town).path).manifest
        assert written.town_differences(town) == ()
        dearer = replace(town, rules={"economy.rent": 12.0})
        assert written.town_differences(dearer) == ("economy.rent: 12.0 here and 11.0 there",)

    def test_one_that_does_not_say_its_town_differs_in_nothing(self, save):
        town = TownFacts(map="hamlet", map_digest="a" * 64, agents=4, height=12, width=12)
        assert save().manifest.town_differences(town) == ()

    def test_the_parent_is_named_by_its_digest(self, save):
        first = save("step-1")
        assert save("step-2", parent=first.path).manifest.parent == first.digest

    def test_a_damaged_parent_is_refused(self, save):
        first = save("step-1")
        (first.path / "weights.safetensors").write_bytes(b"x")
        with pytest.raises(CheckpointError, match=r"weights\.safetensors"):
            save("step-2", parent=first.path)
        assert not (first.path.parent / "step-2").exists()

    def test_nothing_is_overwritten(self, save):
        save()
        with pytest.raises(CheckpointError, match="nothing is overwritten"):
            save()

    def test_an_exception_leaves_nothing(self, tmp_path, spec):
        def fails(folder):
            (folder / "weights").write_bytes(b"x")
            raise RuntimeError("no")

        with pytest.raises(RuntimeError):
            write_checkpoint(tmp_path / "c", fails, backend="b", spec=spec, config_digest="0" * 64)
        assert list(tmp_path.iterdir()) == []

    def test_a_full_disk_leaves_nothing(self, tmp_path, spec):
        def fails(_folder):
            raise OSError(28, "No space left on device")

        with pytest.raises(CheckpointError, match="No space left on device"):
            write_checkpoint(tmp_path / "c", fails, backend="b", spec=spec, config_digest="0" * 64)
        assert list(tmp_path.iterdir()) == []

    def test_an_empty_one_is_refused(self, tmp_path, spec):
        with pytest.raises(CheckpointError, match="would be empty"):
            write_checkpoint(tmp_path / "c", lambda _: None, backend="b", spec=spec, config_digest="0" * 64)

    @pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
    def test_a_link_among_the_files_is_refused(self, tmp_path, spec):
        def links(folder):
            (folder / "weights").symlink_to(tmp_path)

        with pytest.raises(CheckpointError, match="weights is a link"):
            write_checkpoint(tmp_path / "c", links, backend="b", spec=spec, config_digest="0" * 64)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_flipped_byte_or_cut_is_refused_by_name(tmp_path_factory, save, data):
    path = save(f"c-{time.monotonic_ns()}").path
    name = data.draw(st.sampled_from(FILES))
    raw = bytearray((path / name).read_bytes())
    if data.draw(st.booleans()):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    else:
        raw = raw[: data.draw(st.integers(0, len(raw) - 1))]
    (path / name).write_bytes(raw)
    assert name in refusal(path)


class TestRefuses:
    def test_another_town(self, save, spec):
        text = refusal(save().path, spec=replace(spec, features=(Feature("need"), Feature("purse"))))
        assert "feature 'purse' is missing there" in text

    def test_all_differences_are_told(self, save, spec):
        text = refusal(save().path, spec=replace(spec, features=(Feature("need"), Feature("purse")), day_ticks=50))
        assert "the length of a day in ticks is 50 here and 1 there" in text
        assert "feature 'purse' is missing there" in text
        assert "feature 'wallet' is missing here" in text

    def test_another_backend_with_both_names(self, save):
        path = save(distribution="townlet-backend-pytorch", version="0.1.0").path
        text = refusal(path, backend="scripted")
        assert "written by backend pytorch (townlet-backend-pytorch 0.1.0); 'scripted' cannot load it" in text
        assert f"pytorch:{path}" in text
        assert read_checkpoint(path, backend="PyTorch").manifest.contract == API_VERSION

    @pytest.mark.parametrize("name", FILES)
    def test_a_missing_file(self, save, name):
        path = save().path
        (path / name).unlink()
        assert name.rpartition("/")[2] in refusal(path)

    @pytest.mark.parametrize("name", ["more.bin", "training/more.bin"])
    def test_a_foreign_file(self, save, name):
        path = save().path
        (path / name).write_bytes(b"x")
        assert f"{name} is not listed" in refusal(path)

    @pytest.mark.parametrize(
        "name",
        ["../secret", "training/../../secret", "/etc/passwd", "a//b", "./weights", "C:/x", "a\\b", "training/.x"],
    )
    def test_a_name_that_points_elsewhere(self, save, name):
        path = save().path
        (path.parent / "secret").write_bytes(b"x")
        edit(path, lambda d: d["files"].update({name: d["files"].pop("weights.safetensors")}))
        assert "points outside" in refusal(path)

    @pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
    def test_a_linked_folder(self, save, tmp_path):
        path = save().path
        (path / "training").rename(tmp_path / "elsewhere")
        (path / "training").symlink_to(tmp_path / "elsewhere")
        assert "training" in refusal(path)

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            (lambda d: d.update(schema_version=1), "schema version 1 cannot be read"),
            (lambda d: d.update(format="townlet-dataset"), "not the manifest of a checkpoint"),
            (lambda d: d.update(backend=""), "'backend'"),
            (lambda d: d.update(mood=1), "'mood'"),
            (lambda d: d["observation"]["actions"].reverse(), "fingerprint"),
            (lambda d: d["observation"].pop("variant"), "not an observation spec: 'variant' is missing"),
            (lambda d: d.update(contract=99), "version 99 of the contract; this Townlet knows"),
            (lambda d: d.pop("contract"), "'contract'"),
            (lambda d: d.update(facts={"map": "x"}), "not the facts of a town"),
            (lambda d: d.pop("files"), "'files'"),
        ],
    )
    def test_a_manifest_that_cannot_be(self, save, change, text):
        path = save().path
        edit(path, change)
        assert text in refusal(path)

    def test_nothing_there(self, tmp_path):
        assert "there is no checkpoint here" in refusal(tmp_path / "c")

    def test_without_verification_content_is_not_read(self, save):
        path = save().path
        (path / "weights.safetensors").write_bytes(bytes(256))
        assert "is damaged" in refusal(path)
        read_checkpoint(path, verify=False)


SAVER = """
import sys
from pathlib import Path
from townlet.api import ObservationSpec
from townlet.checkpoints import write_checkpoint, write_pointer
spec = ObservationSpec.of_names("tiny", features=("need",), actions=("wait", "use"))
def fill(folder):
    (folder / "weights").write_bytes(bytes(200_000))
    (folder / "state").write_bytes(bytes(100_000))
folder = Path(sys.argv[1])
print("ready", flush=True)
for step in range(10**6):
    write_checkpoint(folder / f"step-{step}", fill, backend="b", spec=spec, config_digest="0" * 64)
    write_pointer(folder, "last", f"step-{step}")
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_whole_checkpoints_only(tmp_path):
    finished = 0
    for attempt in range(8):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        child = subprocess.Popen([sys.executable, "-c", SAVER, str(folder)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        deadline = time.monotonic() + 20
        while not list(folder.glob("step-*")) and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.05 + 0.013 * attempt)
        child.kill()
        child.wait()
        child.stdout.close()
        found = sorted(folder.glob("step-*"))
        for path in found:
            read_checkpoint(path)
        if (folder / "last").exists():  # the pointer follows the first checkpoint a moment later
            read_checkpoint(folder / "last")
        assert all(not partial.alive for partial in find_partials(folder))
        finished += len(found)
    assert finished >= 8
