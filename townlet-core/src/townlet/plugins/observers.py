"""Observer plugins: they watch and extend, each under the guard; one that keeps failing is switched off."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from townlet.errors import ConfigError
from townlet.plugins.guard import Guarded, guarded
from townlet.plugins.metadata import OBSERVERS, Declaration, read_metadata
from townlet.plugins.names import canonical
from townlet.plugins.scan import local_allowed
from townlet.suggestions import nearest

if TYPE_CHECKING:
    import click
    import pluggy

    from townlet.api import RunSummary, TrainingReport

__all__ = ["DISABLE_PLUGINS", "STRIKES", "ObserverFailure", "Observers"]

DISABLE_PLUGINS = "TOWNLET_DISABLE_PLUGINS"
"""Environment variable: names of observer plugins that are not loaded, separated by commas; ``*`` for all."""

STRIKES = 3
"""After so many failures an observer is switched off."""


class ObserverFailure(NamedTuple):
    """What went wrong with an observer.

    Attributes:
        name: of the plugin.
        distribution: it belongs to.
        phase: ``"load"`` or the hook's name.
        error: the latest exception, in one line.
        times: how often.
        switched_off: whether it was called no more after that.
    """

    name: str
    distribution: str
    phase: str
    error: str
    times: int
    switched_off: bool

    def __str__(self) -> str:
        times = "" if self.times == 1 else f" {self.times} times"
        off = ", switched off" if self.switched_off else ""
        return f"plugin {self.name!r} of {self.distribution} failed in {self.phase}{times}{off}: {self.error}"


class _Observer:
    """A loaded plugin and how often it failed."""

    def __init__(self, declaration: Declaration, hooks: pluggy.HookRelay, provides: frozenset[str]) -> None:
        self.declaration = declaration
        self.hooks = hooks
        self.provides = provides
        self.strikes = 0


class Observers:
    """The observers of this process. None of them can stop a run; ``Observers()`` has no observer.

    Attributes:
        failures: what went wrong so far, one entry for each plugin and phase; print them at the end.
    """

    def __init__(self) -> None:
        self._observers: list[_Observer] = []
        self._failures: dict[tuple[str, str, str], ObserverFailure] = {}

    @classmethod
    def load(cls) -> Observers:
        """Import all plugins of the group ``townlet.plugins`` but those that the user switched off.

        Raises:
            ConfigError: if TOWNLET_DISABLE_PLUGINS names one that nobody knows.
        """
        observers = cls()
        for declaration in _allowed():
            observers._add(declaration)
        return observers

    @property
    def failures(self) -> tuple[ObserverFailure, ...]:
        """What went wrong so far."""
        return tuple(self._failures.values())

    @property
    def names(self) -> tuple[str, ...]:
        """The plugins that are loaded and not switched off."""
        return tuple(o.declaration.name for o in self._observers if o.strikes < STRIKES)

    def run_finished(self, summary: RunSummary) -> None:
        """Tell all observers that a run ended."""
        self._call("townlet_run_finished", summary=summary)

    def training_report(self, report: TrainingReport) -> None:
        """Tell all observers of a step of training."""
        self._call("townlet_training_report", report=report)

    def register_commands(self, cli: click.Group) -> None:
        """Let observers add commands; call it only when the command asked for is not one of core's."""
        self._call("townlet_register_commands", cli=cli)

    def _add(self, declaration: Declaration) -> None:
        try:
            with guarded():
                hooks, provides = _load(declaration)
        except Guarded as failure:
            self._note(declaration, "load", failure.text, switched_off=True)
        else:
            self._observers.append(_Observer(declaration, hooks, provides))

    def _call(self, hook: str, **arguments: object) -> None:
        for observer in self._observers:
            if hook not in observer.provides or observer.strikes >= STRIKES:
                continue
            try:
                with guarded():
                    getattr(observer.hooks, hook)(**arguments)
            except Guarded as failure:
                observer.strikes += 1
                self._note(observer.declaration, hook, failure.text, switched_off=observer.strikes >= STRIKES)

    def _note(self, declaration: Declaration, phase: str, error: str, *, switched_off: bool) -> None:
        distribution = declaration.distribution.name
        key = (distribution, declaration.name, phase)
        before = self._failures.get(key)
        times = before.times + 1 if before else 1
        self._failures[key] = ObserverFailure(declaration.name, distribution, phase, error, times, switched_off)


def _allowed() -> list[Declaration]:
    allow_local = local_allowed()
    declared = [d for d in read_metadata(allow_local).declarations if d.group == OBSERVERS]
    text = os.environ.get(DISABLE_PLUGINS, "")
    disabled = {name if name == "*" else canonical(name) for name in text.replace(",", " ").split()}
    known = {spelling for declaration in declared for spelling in _spellings(declaration)}
    for name in sorted(disabled - known - {"*"}):
        miss = nearest(name, known)
        raise ConfigError(
            f"{DISABLE_PLUGINS} names an unknown plugin: {name!r}",
            details=[f"did you mean {miss!r}?"] if miss else [f"plugins: {', '.join(sorted(known)) or 'none'}"],
        )
    return [
        declaration
        for declaration in declared
        if not disabled & {"*", *_spellings(declaration)} and (allow_local or not declaration.distribution.local)
    ]


def _spellings(declaration: Declaration) -> tuple[str, str]:
    return canonical(declaration.name), canonical(declaration.distribution.name)


def _load(declaration: Declaration) -> tuple[pluggy.HookRelay, frozenset[str]]:
    import pluggy

    from townlet.plugins.hooks import PROJECT, ObserverHooks

    module, _, attributes = (part.strip() for part in declaration.value.partition(":"))
    plugin: object = import_module(module)
    for attribute in filter(None, attributes.split(".")):
        plugin = getattr(plugin, attribute)
    manager = pluggy.PluginManager(PROJECT)  # one for each: no observer's failure hides another's
    manager.add_hookspecs(ObserverHooks)
    manager.register(plugin, name=declaration.name)
    manager.check_pending()
    return manager.hook, frozenset(caller.name for caller in manager.get_hookcallers(plugin) or ())
