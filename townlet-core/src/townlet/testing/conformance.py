"""The test that a backend's repository imports: ``from townlet.testing.conformance import *``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from townlet.testing.cases import Case

__all__ = ["test_conformance"]


def test_conformance(townlet_check: Case) -> None:
    """One check of the kit; parametrised by the option ``--townlet-backend NAME``."""
    import pytest

    result = townlet_check.run()
    if result.outcome in ("skipped", "not-asked"):
        pytest.skip(result.message)
    if result.outcome == "expected-failure":
        pytest.xfail(result.message)
    if result.outcome != "passed":
        pytest.fail(f"{result.rule}\n{result.message}", pytrace=False)
