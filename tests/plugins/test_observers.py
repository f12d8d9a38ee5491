"""Observers watch; whatever they do, the run goes on, and the end says what they did."""

from __future__ import annotations

from typing import Any

import click
import pytest

from townlet.api import RunSummary, TrainingReport
from townlet.errors import ConfigError
from townlet.plugins import Observers, refresh

SUMMARY = RunSummary(run_id="r", ticks=10, policy={}, kpis={})

RECORDER = """
    from townlet.plugins import hookimpl
    seen = []

    @hookimpl
    def townlet_run_finished(summary):
        seen.append(summary.ticks)

    @hookimpl
    def townlet_training_report(report):
        seen.append(report.step)
"""


@pytest.fixture
def observe(site: Any) -> Any:
    """Install an observer distribution."""

    def install(name: str, source: str) -> None:
        package = f"watch_{name}"
        site.package(package, plugin=source)
        site.metadata(f"watch-{name}", "1.0", f"[townlet.plugins]\n{name} = {package}.plugin\n")
        refresh()

    return install


def failing(times: str = "True") -> str:
    return f"""
        from townlet.plugins import hookimpl
        calls = []

        @hookimpl
        def townlet_training_report(report):
            calls.append(report.step)
            if {times}:
                raise ValueError("broken sink")
    """


def report_steps(observers: Observers, count: int) -> None:
    for step in range(1, count + 1):
        observers.training_report(TrainingReport(phase="ppo", step=step))


def module(name: str) -> Any:
    import importlib

    return importlib.import_module(f"watch_{name}.plugin")


def test_none(site: Any) -> None:
    observers = Observers.load()
    observers.run_finished(SUMMARY)
    assert (observers.names, observers.failures) == ((), ())


def test_called(observe: Any) -> None:
    observe("recorder", RECORDER)
    observers = Observers.load()
    report_steps(observers, 2)
    observers.run_finished(SUMMARY)
    assert module("recorder").seen == [1, 2, 10]
    assert observers.failures == ()


def test_three_strikes(observe: Any) -> None:
    observe("bad", failing())
    observe("recorder", RECORDER)
    observers = Observers.load()
    report_steps(observers, 5)
    assert module("bad").calls == [1, 2, 3]
    assert module("recorder").seen == [1, 2, 3, 4, 5]
    assert observers.names == ("recorder",)
    (failure,) = observers.failures
    assert str(failure) == (
        "plugin 'bad' of watch-bad failed in townlet_training_report 3 times, switched off: ValueError: broken sink"
    )


def test_two_failures_are_forgiven_but_told(observe: Any) -> None:
    observe("shaky", failing("report.step in (1, 3)"))
    observers = Observers.load()
    report_steps(observers, 5)
    assert module("shaky").calls == [1, 2, 3, 4, 5]
    (failure,) = observers.failures
    assert (failure.times, failure.switched_off) == (2, False)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("raise SystemExit(3)", "it called sys.exit(3)"),
        ("import no_such_module_of_the_tests", "No module named 'no_such_module_of_the_tests'"),
        (
            "from townlet.plugins import hookimpl\n@hookimpl\ndef townlet_run_finishd(summary): ...",
            "townlet_run_finishd",
        ),
        ("from townlet.plugins import hookimpl\n@hookimpl\ndef townlet_run_finished(outcome): ...", "outcome"),
    ],
)
def test_one_that_does_not_load(observe: Any, source: str, error: str) -> None:
    observe("bad", source)
    observe("recorder", RECORDER)
    observers = Observers.load()
    observers.run_finished(SUMMARY)
    assert module("recorder").seen == [10]
    (failure,) = observers.failures
    assert failure.phase == "load"
    assert error in failure.error


def test_exit_in_a_hook(observe: Any) -> None:
    observe("bad", RECORDER.replace("seen.append(summary.ticks)", "raise SystemExit"))
    observers = Observers.load()
    observers.run_finished(SUMMARY)
    assert observers.failures[0].error == "it called sys.exit()"


def test_ctrl_c_gets_through(observe: Any) -> None:
    observe("bad", RECORDER.replace("seen.append(summary.ticks)", "raise KeyboardInterrupt"))
    with pytest.raises(KeyboardInterrupt):
        Observers.load().run_finished(SUMMARY)


def test_prints_to_stderr(observe: Any, capsys: pytest.CaptureFixture[str]) -> None:
    observe("loud", RECORDER.replace("seen.append(summary.ticks)", "print('done')"))
    Observers.load().run_finished(SUMMARY)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "done\n")


def test_commands(observe: Any) -> None:
    source = """
        import click
        from townlet.plugins import hookimpl

        @hookimpl
        def townlet_register_commands(cli):
            cli.add_command(click.Command("hello"))
    """
    observe("commands", source)
    cli = click.Group("townlet")
    Observers.load().register_commands(cli)
    assert list(cli.commands) == ["hello"]


@pytest.mark.parametrize("text", ["*", "bad", "BAD", "watch-bad", "bad, watch_bad"])
def test_switched_off_before_import(observe: Any, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    observe("bad", "raise SystemExit")
    monkeypatch.setenv("TOWNLET_DISABLE_PLUGINS", text)
    assert Observers.load().failures == ()


def test_a_misspelt_entry_is_refused(observe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    observe("recorder", RECORDER)
    monkeypatch.setenv("TOWNLET_DISABLE_PLUGINS", "recordr")
    with pytest.raises(ConfigError) as caught:
        Observers.load()
    assert str(caught.value) == (
        "TOWNLET_DISABLE_PLUGINS names an unknown plugin: 'recordr'\n  did you mean 'recorder'?"
    )


def test_not_from_the_current_directory(site: Any, observe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    observe("recorder", RECORDER)
    monkeypatch.chdir(site.folder)
    refresh()
    assert Observers.load().names == ()
    monkeypatch.setenv("TOWNLET_ALLOW_LOCAL_BACKENDS", "1")
    refresh()
    assert Observers.load().names == ("recorder",)
