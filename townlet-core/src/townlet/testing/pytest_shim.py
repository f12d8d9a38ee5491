"""The pytest plugin of the conformance kit, entry point ``pytest11``: inert without ``--townlet-backend``.

pytest loads it in every project of an environment that has Townlet, and dies of a broken plugin; so this file
imports the standard library only, and the kit only when it is asked for.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

__all__ = ["pytest_addoption", "pytest_configure", "pytest_generate_tests"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options of the kit."""
    group = parser.getgroup("townlet", "conformance of a Townlet policy backend")
    group.addoption("--townlet-backend", default=None, metavar="NAME", help="check this backend against the contract")
    group.addoption(
        "--townlet-expected-failures",
        default=None,
        metavar="FILE",
        help="TOML file of checks known to fail, with reasons",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Finds the backend now, where an error is a line and not the failure of a test module."""
    name = config.getoption("townlet_backend")
    if name:
        _cases(name, config.getoption("townlet_expected_failures"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Makes one test of each check that applies; none, and so a skip, without ``--townlet-backend``."""
    if "townlet_check" not in metafunc.fixturenames:
        return
    cases: list[Any] = []
    name = metafunc.config.getoption("townlet_backend")
    if name:
        cases = _cases(name, metafunc.config.getoption("townlet_expected_failures"))
    metafunc.parametrize("townlet_check", cases, ids=[case.check.name for case in cases])


@functools.cache
def _cases(name: str, expected_failures: str | None) -> list[Any]:
    import pytest

    from townlet.errors import TownletError
    from townlet.testing.extra import require_extra

    try:
        require_extra()
        from townlet.testing.cases import cases_of

        return list(cases_of(name, expected_failures))
    except TownletError as error:
        raise pytest.UsageError(str(error)) from error
