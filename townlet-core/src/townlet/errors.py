"""Every error that Townlet raises on purpose.

::

    TownletError                          exit code 1
    |-- ConfigError                       2   what the user wrote in a config, an option or an environment list
    |   `-- MapError                        a map file that no town can stand on
    |-- UsageError                        2   what the user typed on the command line
    |-- BackendError                      3   a backend that cannot run
    |   |-- BackendNotInstalledError          no distribution declares the name
    |   |-- BackendDependencyError            a distribution that the backend requires is missing, too old or broken
    |   |   `-- TorchNotAvailableError        that distribution is PyTorch
    |   |-- BackendIncompatibleError          written for another version of the contract
    |   |-- BackendBlockedError               switched off by the user
    |   |-- BackendConflictError              two distributions claim the name
    |   |-- BackendLoadError                  import or creation failed
    |   |-- BackendContractError              it runs, but does not follow the contract (a masked action, a wrong shape)
    |   `-- BackendRunError                   an error in its own code stopped it while it acted
    |-- ExecutorError                     3   workers that cannot be had, differ from this process, or were lost
    |-- ContractError                     1   a value of ``townlet.api`` with a wrong shape, dtype or range
    |-- DatasetError                      4   a dataset that is refused
    |-- CheckpointError                   4   a checkpoint that is refused
    |-- SnapshotError                     4   a snapshot that is refused
    |-- RegistryError                     4   a registry that cannot be read or written
    `-- TrainingError                     1   training that had to stop (a loss that is not finite)

A message has a first line that says what is wrong, the place in parentheses after it, and indented lines
that say what was found and what to do next. ``str(error)`` is that whole text, with what a terminal would obey spelled
out (``townlet.visible``): files and people have a say in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from townlet.visible import visible

__all__ = [
    "BackendBlockedError",
    "BackendConflictError",
    "BackendContractError",
    "BackendDependencyError",
    "BackendError",
    "BackendIncompatibleError",
    "BackendLoadError",
    "BackendNotInstalledError",
    "BackendRunError",
    "CheckpointError",
    "ConfigError",
    "ContractError",
    "DatasetError",
    "ExecutorError",
    "MapError",
    "RegistryError",
    "SnapshotError",
    "TorchNotAvailableError",
    "TownletError",
    "TrainingError",
    "UsageError",
]


_LONGEST, _HEAD, _TAIL = 600, 400, 120


def _readable(text: str) -> str:
    """A text without the middle of lines that nobody can read: somebody may have put a megabyte into a name."""
    return "\n".join(
        line if len(line) <= _LONGEST else f"{line[:_HEAD]} [...] {line[-_TAIL:]}" for line in text.split("\n")
    )


class TownletError(Exception):
    """Root of the tree.

    Args:
        summary: one line that says what is wrong; no full stop, no "error:" before it.
        where: the place, such as ``"town.yaml:12, policy.backend"``; shown in parentheses.
        details: further lines: what was found, the rule, what to do next. Shown indented by two spaces.
    """

    exit_code: int = 1

    def __init__(self, summary: str, *, where: str | None = None, details: Sequence[str] = ()) -> None:
        self.summary = summary
        self.where = where
        self.details = tuple(details)
        super().__init__(summary)

    def __str__(self) -> str:
        place = f"  ({visible(_readable(self.where))})" if self.where else ""
        lines = (f"{_readable(self.summary)}{place}", *(f"  {_readable(line)}" for line in self.details))
        return "\n".join(visible(line, lines=True).replace("\n", "\n  ") for line in lines)


class ConfigError(TownletError):
    """Something in a config, an option or an environment list is wrong."""

    exit_code = 2


class MapError(ConfigError):
    """A map file that no town can stand on; names row and column."""


class UsageError(TownletError):
    """Something typed on the command line is wrong."""

    exit_code = 2


class BackendError(TownletError):
    """A policy backend that cannot run."""

    exit_code = 3


class BackendNotInstalledError(BackendError):
    """No installed distribution declares the backend's name."""


class BackendDependencyError(BackendError):
    """A distribution that the backend requires is missing, out of range or broken."""


class TorchNotAvailableError(BackendDependencyError):
    """PyTorch is needed and cannot be used."""


class BackendIncompatibleError(BackendError):
    """The backend serves other versions of the contract than this core speaks."""


class BackendBlockedError(BackendError):
    """The user switched the backend off."""


class BackendConflictError(BackendError):
    """Two distributions claim the backend's name."""


class BackendLoadError(BackendError):
    """Importing or creating the backend failed."""


class BackendContractError(BackendError):
    """The backend runs but does not follow the contract."""


class BackendRunError(BackendError):
    """The backend was created, and an error in its own code came out of it while it acted."""


class ExecutorError(TownletError):
    """Workers that cannot be had, that would give other results than this process, or that were lost too often."""

    exit_code = 3


class ContractError(TownletError):
    """A value of the contract was given a wrong shape, dtype or range."""


class DatasetError(TownletError):
    """A dataset is refused."""

    exit_code = 4


class CheckpointError(TownletError):
    """A checkpoint is refused."""

    exit_code = 4


class SnapshotError(TownletError):
    """A snapshot is refused."""

    exit_code = 4


class RegistryError(TownletError):
    """The registry cannot be read or written."""

    exit_code = 4


class TrainingError(TownletError):
    """Training had to stop; the last good checkpoint is kept."""
