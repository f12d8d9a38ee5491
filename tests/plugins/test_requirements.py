"""Requirements by metadata; the quick comparison agrees with `packaging` wherever it answers."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from townlet.plugins import refresh
from townlet.plugins.requirements import _fits_simply, check_requirement, torch_available

NUMBERS = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
CLAUSES = st.lists(st.tuples(st.sampled_from([">=", "<"]), NUMBERS), max_size=3)


@given(found=NUMBERS, local=st.sampled_from(["", "+cpu", "+cu121.x"]), clauses=CLAUSES)
def test_agrees_with_packaging(found: str, local: str, clauses: list[tuple[str, str]]) -> None:
    text = ",".join(f"{operator}{bound}" for operator, bound in clauses)
    assert _fits_simply(found + local, text) == SpecifierSet(text).contains(found + local, prereleases=True)


@pytest.mark.parametrize("found", ["2.0rc1", "1!2.0", "2.0.post1", "2.0.dev3", "nonsense"])
def test_leaves_what_is_not_plain(found: str) -> None:
    assert _fits_simply(found, ">=1") is None


@pytest.mark.parametrize(
    ("text", "installed", "fits"),
    [
        ("lib", "1.0", True),
        ("lib>=2.4", "2.4", True),
        ("lib>=2.4", "2.10", True),
        ("lib>=2.4", "2.3.9", False),
        ("Lib >= 2.4, < 3", "3.0", False),
        ("lib~=2.4", "2.9", True),
        ("lib!=2.4", "2.4", False),
        ("lib[extra]>=1", "1.5", True),
        ("lib>=2", "2.1rc1", True),
        ("lib>=2; python_version < '3'", "1.0", True),
        ("lib>=2; python_version >= '3'", "1.0", False),
    ],
)
def test_check(site: Any, text: str, installed: str, fits: bool) -> None:
    site.metadata("lib", installed)
    refresh()
    requirement = check_requirement(text)
    assert requirement.fits is fits
    assert requirement.problem is None
    assert requirement.found == installed


def test_missing(site: Any) -> None:
    requirement = check_requirement("lib>=2")
    assert (requirement.name, requirement.found, requirement.fits) == ("lib", None, False)


@pytest.mark.parametrize("text", ["lib>=", "lib >> 2", "???", "lib @@ x"])
def test_not_a_requirement(site: Any, text: str) -> None:
    requirement = check_requirement(text)
    assert requirement.problem is not None
    assert requirement.problem.startswith(f"{text!r} is not a requirement")


@given(text=st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    assert check_requirement(f"no-such-distribution-{text}").fits in (True, False)
    check_requirement(text)


@pytest.mark.parametrize("version", ["nonsense", "1.0-final-really", "9" * 5000])
def test_a_version_that_is_none(site: Any, version: str) -> None:
    info = site.metadata("lib", "1")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: lib\nVersion: {version}\n")
    refresh()
    requirement = check_requirement("lib>=1")
    assert (requirement.found, requirement.fits) == (version, False)
    assert requirement.problem == f"lib has an invalid version: {version!r}"


def test_damaged_metadata_counts_as_missing(site: Any) -> None:
    info = site.metadata("lib", "1.0")
    (info / "METADATA").write_bytes(b"\xff\xfe\x00\x01")
    refresh()
    assert check_requirement("lib").fits is False


def test_torch_available_reads_metadata_only(site: Any) -> None:
    assert torch_available() is False
    site.metadata("torch", "2.13.0+cpu")
    refresh()
    before = set(sys.modules)
    assert torch_available() is True
    assert not {name for name in set(sys.modules) - before if name.startswith("torch")}
