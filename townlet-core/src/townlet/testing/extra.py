"""What the kit needs beyond core: the extra ``testing``. Standard library only, so that its lack can be told."""

from __future__ import annotations

import importlib.util

from townlet.errors import UsageError

__all__ = ["require_extra"]

_MODULES = ("hypothesis", "psutil")


def require_extra() -> None:
    """Raise UsageError with the command that installs it, unless everything of the extra is there."""
    missing = [module for module in _MODULES if importlib.util.find_spec(module) is None]
    if missing:
        raise UsageError(
            f"the conformance kit needs {' and '.join(missing)}",
            details=('install it with:  pip install "townlet-core[testing]"',),
        )
