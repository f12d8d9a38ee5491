"""The doctor tells the versions of everything that a backend says it requires."""

from __future__ import annotations

from types import SimpleNamespace

from townlet.cli.tool import backends_doctor
from townlet.plugins.requirements import check_requirement


def test_what_a_manifest_requires_is_among_the_versions() -> None:
    required = tuple(check_requirement(text) for text in ("click>=8", "not-a-distribution>=1", "numpy>=1"))
    told = backends_doctor._system([SimpleNamespace(row=SimpleNamespace(requirements=required))])
    assert told["click"] == check_requirement("click>=8").found
    assert told["not-a-distribution"] == "not installed"
    assert [name for name in told if name == "numpy"] == ["numpy"]
