"""Options that commands share."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from tests.cli.conftest import Townlet

from townlet.cli.options import Invocation, backend_options, config_flags, read_config, shared_options
from townlet.errors import ConfigError


def run(command: click.Command, *words: str) -> object:
    return command.main(args=list(words), standalone_mode=False, obj=Invocation())


def test_shared_options() -> None:
    @click.command()
    @shared_options
    @backend_options
    def command(**values: object) -> dict[str, object]:
        return values

    assert run(command) == {
        "config_path": None, "overrides": (), "seed": None, "as_json": False, "backend": None, "disabled": ()
    }  # fmt: skip
    words = ["town.yaml", "--set", "a=1", "--set", "b=2", "--seed", "4", "--json", "--debug"]
    assert run(command, *words, "--backend", "stub", "--disable-backend", "x") == {
        "config_path": Path("town.yaml"), "overrides": ("a=1", "b=2"), "seed": 4, "as_json": True,
        "backend": "stub", "disabled": ("x",)
    }  # fmt: skip


def test_config_flags_leave_the_arguments_alone() -> None:
    @click.command()
    @click.argument("dataset")
    @config_flags
    def command(**values: object) -> dict[str, object]:
        return values

    assert run(command, "data", "-c", "town.yaml") == {
        "dataset": "data", "config_path": Path("town.yaml"), "overrides": ()
    }  # fmt: skip


@pytest.mark.parametrize("seed", ["-1", "x", "1.5", str(2**62)])
def test_what_is_no_seed(seed: str) -> None:
    @click.command()
    @shared_options
    def command(**values: object) -> None: ...

    with pytest.raises(click.BadParameter):
        run(command, "--seed", seed)


class TestReadConfig:
    def test_flags_win_over_set(self) -> None:
        document = read_config(None, ("seed=1", "policy.backend=a"), seed=2, backend="b")
        assert (document.config.seed, document.config.policy.backend) == (2, "b")

    @pytest.mark.parametrize("backend", ["3", "true", "a: b", "townlet-backend-x:mind", "'", "[x"])
    def test_a_backend_is_text_whatever_it_looks_like(self, backend: str) -> None:
        assert read_config(None, backend=backend).config.policy.backend == backend

    def test_an_empty_backend(self) -> None:
        with pytest.raises(ConfigError, match=r"must have at least 1 characters, found ''  \(--backend"):
            read_config(None, backend="")


@pytest.mark.parametrize("found", ["nan", "inf", "-inf", "1e300", "0", "-1", "soon"])
@pytest.mark.parametrize("command", ["run", "rollout", "evaluate", "compare"])
def test_days_are_a_number_of_days(townlet: Townlet, command: str, found: str) -> None:
    done = townlet(command, "--days", found, *(["scripted", "stub"] if command == "compare" else []))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: invalid value for '--days'")


@pytest.mark.parametrize("command", ["run", "rollout"])
def test_ticks_have_an_upper_bound(townlet: Townlet, command: str) -> None:
    done = townlet(command, "--ticks", "1000000001")
    assert (done.code, done.out) == (2, "")
    assert "1<=x<=1000000000" in done.err


@pytest.mark.parametrize("found", ["0", "-1", "1000000000000"])
@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_seeds_are_as_many_as_the_config_allows(townlet: Townlet, command: str, found: str) -> None:
    done = townlet(command, "--seeds", found, *(["scripted", "stub"] if command == "compare" else []))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: invalid value for '--seeds': {found}")


def test_a_measurement_has_an_end(townlet: Townlet) -> None:
    assert townlet("bench", "town", "--seconds", "inf").code == 2
