"""The pages that both builders of the site read."""

from __future__ import annotations

from pathlib import Path

import documentation
import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_a_reader_of_the_site_does_not_see_what_only_the_tests_read(tmp_path: Path) -> None:
    (tmp_path / "docs/examples").mkdir(parents=True)
    (tmp_path / "docs/examples/README.md").write_text("An example.\n", encoding="utf-8")
    (tmp_path / "docs/generate.py").write_text("", encoding="utf-8")
    page = "# Page\n\n```console run exit=2\n$ townlet\n```\n\n```yaml file=town.yaml\na: 1\n```\n"
    (tmp_path / "docs/index.md").write_text(page, encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text("site_name: X\n", encoding="utf-8")
    target = tmp_path / "build/source"
    for _ in range(2):
        documentation.prepare(tmp_path, target)
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*")) == [
        "docs",
        "docs/index.md",
        "mkdocs.yml",
    ]
    prepared = (target / "docs/index.md").read_text(encoding="utf-8")
    assert prepared == page.replace(" run exit=2", "").replace(" file=town.yaml", "")


def test_the_configuration_asks_for_nothing_that_one_builder_lacks() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for only_mkdocs in ("hooks:", "exclude_docs:", "not_in_nav:", "gen-files", "macros"):
        assert only_mkdocs not in text


def test_a_builder_that_fails_is_told_loudly_and_does_not_fail_the_lane(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(documentation, "prepare", lambda root, target: None)
    monkeypatch.setattr(documentation, "zensical", lambda: 1)
    monkeypatch.setattr("sys.argv", ["documentation.py", "zensical", "--no-gallery"])
    assert documentation.main() == 0
    assert "ZENSICAL CANNOT BUILD THE SITE" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["documentation.py", "zensical", "--no-gallery", "--strict"])
    assert documentation.main() == 1
