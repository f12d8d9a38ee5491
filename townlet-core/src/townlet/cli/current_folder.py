"""What a library would read from the current folder, and obey, before a command begins."""

from __future__ import annotations

from pathlib import Path

from townlet.errors import UsageError

__all__ = ["has_settings_of_numba", "refuse_settings_of_numba"]

NUMBA_SETTINGS = ".numba_config.yaml"


def has_settings_of_numba() -> bool:
    """Whether numba would find settings in the current folder."""
    return Path(NUMBA_SETTINGS).is_file()


def refuse_settings_of_numba() -> None:
    """Numba reads its settings from the current folder, also again before each function that it compiles.

    One of them names the folder of its cache, whose files are pickles: whoever wrote both into a folder with some
    data would have code of theirs run here. Nothing tells numba to leave the file alone.

    Raises:
        UsageError: the file is there.
    """
    if has_settings_of_numba():
        raise UsageError(
            "numba, which compiles the town's rules, would obey this file, and it can name code to run",
            where=str(Path(NUMBA_SETTINGS).absolute()),
            details=(
                "work in another folder, or move the file away",
                "settings of your own belong in the environment, such as  NUMBA_CACHE_DIR=/a/folder/of/yours",
            ),
        )
