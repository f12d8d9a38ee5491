"""``python -m townlet`` is ``townlet``: also in that no file in the current folder is imported by its name."""

import os
import sys


def _leave_current_folder() -> None:
    """``-m`` puts the current folder first on ``sys.path``: there a file ``numpy.py`` beside some data would run.

    Who allows backends from there keeps it, after everything else.
    """
    if sys.path and sys.path[0] in ("", os.getcwd()) and not sys.flags.safe_path:  # noqa: PTH109 (what Python put there)
        here = sys.path.pop(0)
        if os.environ.get("TOWNLET_ALLOW_LOCAL_BACKENDS"):
            sys.path.append(here)


if __name__ == "__main__":
    _leave_current_folder()
    from townlet.cli.entry import main

    sys.exit(main())
