"""A small root file system of a Debian release, with its Python, and a way to run something in it.

Made by debootstrap, kept between runs, entered by chroot in a mount namespace of its own: what is mounted for a run is
gone with it. Needs Linux, root and debootstrap; ``why_not`` says which of them is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from pip_settings import local_paths, pip_settings

__all__ = ["enter", "make_root", "why_not"]

_PACKAGES = "python3,python3-venv,make"
_DAYS = 30
_HOME = Path("/gate")
"""Where things of this run are seen inside."""


def why_not() -> str | None:
    """Why no root file system can be made here, or None."""
    if sys.platform != "linux":
        return f"it needs Linux, this is {sys.platform}"
    if os.geteuid() != 0:
        return "it needs root (chroot and mounts): run the gate as root, or in a container"
    missing = [tool for tool in ("debootstrap", "unshare", "chroot") if shutil.which(tool) is None]
    if missing:
        return f"{', '.join(missing)} not found: `apt-get install debootstrap util-linux coreutils`"
    return None


def make_root(suite: str) -> Path:
    """The root file system of a suite such as ``stable``: the kept one, or a new one where that is a month old.

    Raises:
        subprocess.CalledProcessError: debootstrap failed, and no earlier root is there to fall back on.
    """
    root = _cache() / f"debian-{suite}"
    if root.exists() and time.time() - root.stat().st_mtime < _DAYS * 86_400:
        return root
    fresh = root.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", suite, str(fresh), *_mirror()]
    print("$", " ".join(command), flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout[-4000:], file=sys.stderr)
        done.check_returncode()
    shutil.rmtree(root, ignore_errors=True)
    fresh.rename(root)
    os.utime(root)
    return root


def _cache() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "townlet-gate"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _mirror() -> list[str]:
    """The Debian mirror that this machine's apt uses, or nothing, which is debootstrap's own default."""
    if shutil.which("apt-get") is None:
        return []
    command = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("Debian ")]
    return [url for url in found if "security" not in url][:1]


def enter(root: Path, checkout: Path, command: list[str], environment: Mapping[str, str]) -> int:
    """Runs a command in the root, in a copy of the checkout that it may write into; returns its exit code.

    pip in there reaches the index as pip on this machine does; downloads are kept beside the root.
    """
    settings = pip_settings()
    wheels = _cache() / "pip"
    wheels.mkdir(exist_ok=True)
    mounts = {path: path for path in local_paths(settings)}
    mounts |= {path: path for path in map(Path, ("/etc/resolv.conf", "/etc/hosts")) if path.exists()}
    mounts |= {checkout: _HOME / "checkout", wheels: _HOME / "pip"}
    lines = ["set -e", f"mount -t proc proc {_quoted(root, Path('/proc'))}"]
    lines += [f"mount --bind {_quoted(source)} {_quoted(root, target)}" for source, target in mounts.items()]
    for source, target in mounts.items():
        _mount_point(root / target.relative_to("/"), folder=source.is_dir())
    inside = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "PIP_CACHE_DIR": str(_HOME / "pip"),
        **settings,
        **environment,
    }
    lines.append(f'exec chroot {_quoted(root)} sh -c \'cd "$0" && exec "$@"\' {_HOME / "checkout"} "$@"')
    words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(lines), "sh", *command]
    return subprocess.run(words, env=inside, check=False).returncode


def _quoted(path: Path, inner: Path | None = None) -> str:
    whole = path if inner is None else path / inner.relative_to("/")
    return "'" + str(whole).replace("'", "'\\''") + "'"


def _mount_point(target: Path, *, folder: bool) -> None:
    """Something to mount over; a link (as resolv.conf may be) is replaced by a file."""
    if target.is_symlink():
        target.unlink()
    if folder:
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
