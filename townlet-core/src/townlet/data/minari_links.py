"""What a Minari dataset may not do: point to other files, or name code to run, before anything of it is read.

HDF5 knows external storage (a dataset whose bytes lie in another file), external links (a name that stands for
something in another file) and virtual datasets (views of others, in other files, too). An import would copy what they
point to, such as a file of the person who imports, into our dataset, whose digest then vouches for it. Minari's
metadata may name an environment instead of the spaces; Minari would import and make it to ask for them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from townlet.errors import DatasetError
from townlet.storage import open_regular, read_json

__all__ = ["refuse_what_reaches_out"]


def refuse_what_reaches_out(folder: Path) -> None:
    """Look through a Minari dataset's folder without following anything in it.

    Args:
        folder: where ``metadata.json`` is, and ``main_data.hdf5`` in the format ``hdf5``.

    Raises:
        DatasetError: it is, or holds, a link or a dataset that leads to another file, or says no spaces; names it.
        OSError: it cannot be read, or is a pipe or a device.
    """
    for place in sorted(folder.rglob("*")):
        _refuse_other_than_files(place)
    _refuse_environments(folder / "metadata.json")
    for file in sorted(folder.rglob("*.hdf5")):
        _refuse_links(file)


def _refuse_other_than_files(place: Path) -> None:
    """A link leads to another file, and whoever opens a pipe waits for ever."""
    if place.is_symlink():
        target = str(place.readlink())
        raise DatasetError(
            f"this Minari dataset reaches out to other files: {place.name} is a link ({target!r})",
            where=str(place),
            details=("an import reads only what is in the dataset itself: copy it whole, as  cp -rL  does",),
        )
    if not place.is_dir():
        open_regular(place).close()


def _refuse_environments(file: Path) -> None:
    if not file.is_file():
        return  # Minari says what is missing
    metadata = read_json(file, error=DatasetError)
    for name in ("observation_space", "action_space"):
        if not isinstance(metadata, dict) or not isinstance(metadata.get(name), str):
            raise DatasetError(
                f"this Minari dataset does not say its {name}",
                where=str(file),
                details=(
                    "Minari would run the environment that it names to find out; its spaces must be written down",
                ),
            )


def _refuse_links(path: Path) -> None:
    """Every link of an HDF5 file by name, and every dataset that a hard link leads to; each group once."""
    import h5py

    with h5py.File(path, "r") as file:
        waiting: list[Any] = [file]
        seen = set()
        while waiting:
            group = waiting.pop()
            address = h5py.h5o.get_info(group.id).addr
            if address in seen:
                continue
            seen.add(address)
            for name in group:
                place = f"{group.name.rstrip('/')}/{name}"
                link = group.get(name, getlink=True)
                if isinstance(link, h5py.ExternalLink):
                    raise _reaching(path, place, "an external link", link.filename)
                if not isinstance(link, h5py.HardLink):
                    continue  # a soft link stays within the file; what it leads to is looked at under its own name
                found = group[name]
                if isinstance(found, h5py.Group):
                    waiting.append(found)
                elif isinstance(found, h5py.Dataset):
                    _refuse_dataset(path, place, found)


def _refuse_dataset(path: Path, place: str, dataset: Any) -> None:
    if dataset.is_virtual:
        sources = sorted({source.file_name for source in dataset.virtual_sources()})
        raise _reaching(path, place, "a virtual dataset", ", ".join(sources))
    if dataset.external:
        raise _reaching(path, place, "in external storage", ", ".join(str(entry[0]) for entry in dataset.external))


def _reaching(path: Path, place: str, what: str, target: str) -> DatasetError:
    return DatasetError(
        f"this Minari dataset reaches out to other files: {place!r} is {what} ({target!r})",
        where=str(path),
        details=("an import reads only what is in the dataset itself: copy it into one file, as h5repack does",),
    )
