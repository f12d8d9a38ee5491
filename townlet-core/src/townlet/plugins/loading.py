"""Loading a backend: importing its module under the guard, and registering its hooks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from townlet.errors import BackendError, ContractError, TownletError
from townlet.plugins import messages
from townlet.plugins.guard import Fault, Guarded, culprit, guarded
from townlet.plugins.metadata import installed_version
from townlet.plugins.names import canonical
from townlet.plugins.rows import BackendRow

if TYPE_CHECKING:
    import pluggy
    from pydantic import BaseModel

__all__ = ["Loaded", "call_hook", "load_backend", "load_options_model", "options_model"]

T = TypeVar("T")


class Loaded(NamedTuple):
    """A backend whose module is imported and whose hooks are registered."""

    row: BackendRow
    hooks: pluggy.HookRelay
    provides: frozenset[str]


@functools.cache
def load_backend(row: BackendRow) -> Loaded:
    """Import the backend's entry point and register it; done once per process.

    Raises:
        BackendDependencyError: if something that it requires is missing or broken.
        BackendLoadError: if the backend itself is at fault.
    """
    return _register(row, _import(row, row.declaration.value))


def load_options_model(row: BackendRow) -> type[BaseModel] | None:
    """The model of the options that the manifest names, without importing the backend's framework.

    None if the manifest names none; then only loading the backend can tell.
    """
    if row.manifest is None or row.manifest.options is None:
        return None
    return _checked_model(row, _import(row, row.manifest.options), row.manifest.options)


def options_model(loaded: Loaded) -> type[BaseModel] | None:
    """The model of the options: what the hook says, else what the manifest names, which must be there either way."""
    named = load_options_model(loaded.row)
    if "townlet_backend_options" in loaded.provides:
        hook = loaded.hooks.townlet_backend_options
        return _checked_model(loaded.row, call_hook(loaded.row, hook, "asking for its options failed"), "its hook")
    return named


def call_hook(row: BackendRow, call: Callable[[], T], phase: str) -> T:
    """Call a hook of a loaded backend under the guard.

    Raises:
        TownletError: of its own making (no such device, a checkpoint that is refused), as it is.
        BackendError: for everything else.
    """
    try:
        with guarded():
            return call()
    except Guarded as failure:
        raise _traced(row, failure, phase) from failure.cause


def _import(row: BackendRow, value: str) -> object:
    """Import ``module`` or ``module:attribute``."""
    module_name, _, attributes = (part.strip() for part in value.partition(":"))
    attributes = attributes.partition("[")[0].strip()
    try:
        with guarded():
            found: object = import_module(module_name)
    except Guarded as failure:
        cause = failure.cause
        if isinstance(cause, ModuleNotFoundError) and cause.name and _is_or_holds(cause.name, module_name):
            raise messages.load_failed(
                row, f"its module {module_name!r} does not exist", (f"entry point: {row.name} = {value}",), None
            ) from cause
        raise _traced(row, failure, "failed to load") from cause
    for attribute in filter(None, attributes.split(".")):
        try:
            with guarded():
                found = getattr(found, attribute)
        except Guarded as failure:
            if isinstance(failure.cause, AttributeError):
                raise messages.load_failed(
                    row,
                    f"its module {module_name!r} has no {attribute!r}",
                    (f"entry point: {row.name} = {value}",),
                    None,
                ) from failure.cause
            raise _traced(row, failure, "failed to load") from failure.cause
    return found


def _is_or_holds(missing: str, module: str) -> bool:
    return module == missing or module.startswith(f"{missing}.")


def _register(row: BackendRow, plugin: object) -> Loaded:
    import pluggy

    from townlet.plugins.hooks import PROJECT, BackendHooks

    manager = pluggy.PluginManager(PROJECT)  # one for each backend: no hook reaches another one
    manager.add_hookspecs(BackendHooks)
    try:
        with guarded():
            manager.register(plugin, name=row.qualified)
            manager.check_pending()
    except Guarded as failure:
        text = str(failure.cause).strip().splitlines()
        raise messages.load_failed(
            row, "its hooks do not fit", [_without_prefix(line) for line in text[:3] if line.strip()], None
        ) from failure.cause
    provides = frozenset(caller.name for caller in manager.get_hookcallers(plugin) or ())
    unmarked = [
        name
        for name in vars(BackendHooks)
        if name.startswith("townlet_") and name not in provides and callable(getattr(plugin, name, None))
    ]
    if unmarked:
        raise messages.load_failed(row, f"{unmarked[0]} is not marked with @hookimpl", (), None)
    return Loaded(row, manager.hook, provides)


def _without_prefix(line: str) -> str:
    return line.replace("unknown hook", "there is no hook", 1) if line.startswith("unknown hook") else line


def _checked_model(row: BackendRow, model: object, source: str) -> type[BaseModel] | None:
    from pydantic import BaseModel

    if model is None or (isinstance(model, type) and issubclass(model, BaseModel)):
        return model
    raise messages.load_failed(row, f"{source} gives {model!r}, not a pydantic model", (), None)


def _traced(row: BackendRow, failure: Guarded, phase: str) -> TownletError:
    """The error for a failure in the backend's code: whose fault it was decides which."""
    cause = failure.cause
    if isinstance(cause, TownletError) and not isinstance(cause, ContractError):
        return cause
    packages = _required_packages(row)
    plugin = row.declaration.value.partition(":")[0].partition(".")[0].strip()
    traced = culprit(cause, plugin, packages)
    if traced.fault is Fault.PLUGIN:
        return _plugin_error(row, failure, phase, traced.frame)
    return _requirement_error(row, failure, phase, traced.package, packages[traced.package], traced.frame)


def _plugin_error(row: BackendRow, failure: Guarded, phase: str, frame: str) -> BackendError:
    cause = failure.cause
    if isinstance(cause, SystemExit):
        what, reasons = failure.text, []
    elif isinstance(cause, ModuleNotFoundError) and cause.name and _is_part_of(row, cause.name):
        what, reasons = f"its own module {cause.name!r} does not exist", [failure.text]
    elif isinstance(cause, ModuleNotFoundError) and cause.name:
        what = f"it imports {cause.name!r}, which is not installed and which it does not require"
        reasons = [failure.text]
    else:
        what, reasons = "an error in its own code", [failure.text]
    at = [f"at: {frame}"] if frame else []
    return messages.load_failed(row, what, [*reasons, *at], None, phase=phase)


def _is_part_of(row: BackendRow, module: str) -> bool:
    return module.partition(".")[0] == row.declaration.value.partition(":")[0].partition(".")[0].strip()


def _requirement_error(
    row: BackendRow, failure: Guarded, phase: str, package: str, distribution: str, frame: str
) -> BackendError:
    import sys

    imports = sys.modules.get(package) is not None  # a package whose import fails does not stay there
    if imports and not isinstance(failure.cause, ImportError):
        reasons = [failure.text, *([f"at: {frame}"] if frame else []), f"raised in: {distribution}"]
        return messages.load_failed(
            row, "an error while it used a package that it requires", reasons, None, phase=phase
        )
    state = "cannot be imported"
    if imports and isinstance(failure.cause, ModuleNotFoundError):
        state = f"lacks the module {failure.cause.name!r}"
    elif imports:
        state = "is not complete"
    return messages.broken_requirement(row, distribution, installed_version(distribution), state, failure.text)


def _required_packages(row: BackendRow) -> Mapping[str, str]:
    """Import package to distribution, of what the manifest and the metadata say that the backend requires."""
    import importlib_metadata

    names = [requirement.name for requirement in row.requirements]
    try:
        metadata = importlib_metadata.distribution(row.distribution).requires or []
        names += [text.partition(";")[0] for text in metadata if "extra ==" not in text]
    except (importlib_metadata.PackageNotFoundError, OSError, ValueError):
        pass
    packages: dict[str, str] = {}
    for text in names:
        name = canonical(
            text.lstrip().replace("[", " ").split("=")[0].split("<")[0].split(">")[0].split("!")[0].split("~")[0]
        )
        name = name.split(" ")[0]
        if name and name != "townlet-core":
            packages.update(dict.fromkeys(_import_packages(name), name))
    return packages


def _import_packages(distribution: str) -> list[str]:
    import importlib_metadata

    names = {distribution.replace("-", "_")}
    try:
        found = importlib_metadata.distribution(distribution)
        top = found.read_text("top_level.txt")
        files = [] if top else (found.files or [])
    except (importlib_metadata.PackageNotFoundError, OSError, ValueError):
        return sorted(names)
    names |= set((top or "").split())
    parts = [PurePosixPath(str(file)).parts for file in files]
    names |= {first for first, *rest in parts if rest and rest[-1].endswith(".py")}
    return sorted(name for name in names if name.isidentifier())
