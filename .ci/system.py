"""Installs the Debian packages that the gate uses and pip cannot bring, where that is possible.

Nothing here fails: what is missing makes a later step skip loudly, and this says why.
"""

from __future__ import annotations

import os
import shutil
import subprocess

PACKAGES = {"debootstrap": "debootstrap", "chromium": "chromium"}
"""Program to the package that has it: another Debian for a lane, a browser for the tests of the viewer."""


def main() -> None:
    """Installs what is missing, or says why not."""
    missing = [package for program, package in PACKAGES.items() if shutil.which(program) is None]
    if not missing:
        return
    wanted = " ".join(missing)
    if shutil.which("apt-get") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        print(f"NOT INSTALLED: {wanted} (that needs apt-get and root); what uses them will be skipped")
        return
    print(f"installing {wanted}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    for command in ([*apt, "update"], [*apt, "install", "--yes", "--no-install-recommends", *missing]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            print(
                f"NOT INSTALLED: {wanted}; what uses them will be skipped. {' '.join(command)}: {done.stderr.strip()}"
            )
            return


if __name__ == "__main__":
    main()
