"""How pip on this machine reaches its index, as settings for a pip or uv elsewhere on it.

Read anew each time from pip's own configuration and from the environment, so no file of the project names a host.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["local_paths", "pip_settings", "read_listing", "uv_settings"]

_KEPT = ("index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "cert", "client-cert", "proxy")
_PATIENCE = ("timeout", "default-timeout", "retries")
_SECTIONS = ("global", "install", ":env:")
"""Where pip keeps a setting; a later one wins."""
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "PIP_CERT", "PIP_CLIENT_CERT")
_PROXIES = re.compile(r"(https?|all|no)_proxy", flags=re.IGNORECASE)
_UV = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_CERT": "SSL_CERT_FILE",
}


def pip_settings() -> dict[str, str]:
    """Environment variables with which pip reaches the index. Constraints are left out: lanes choose their own."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    passed = {
        name: value for name, value in os.environ.items() if _PROXIES.fullmatch(name) or name in _CERTIFICATES[:3]
    }
    return passed | read_listing(listing)


def read_listing(listing: str) -> dict[str, str]:
    """What ``pip config list`` printed, as environment variables of pip."""
    found: dict[str, str] = {}
    for section in _SECTIONS:
        for line in listing.splitlines():
            name, equals, value = line.partition("=")
            where, _, key = name.rpartition(".")
            if equals and where == section and key in (*_KEPT, *_PATIENCE):
                found["PIP_" + key.upper().replace("-", "_")] = str(ast.literal_eval(value))
    return found


def uv_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """The same for uv, which reads none of pip's settings.

    Extra indices are left out: pip takes the best of all of them, uv stops at the first that has a package, so a
    partial copy would hide the rest.
    """
    kept = {name: value for name, value in settings.items() if not name.startswith("PIP_")}
    translated = {uv: settings[pip] for pip, uv in _UV.items() if pip in settings}
    return {**translated, **kept}


def local_paths(settings: Mapping[str, str]) -> list[Path]:
    """Files and folders of this machine that the settings name, each once; those that are missing are left out.

    Of an index in a folder it is the folder around it, since its pages point at files beside them.
    """
    found: dict[Path, None] = {}
    for name, value in settings.items():
        if not (name.startswith("PIP_") or name in _CERTIFICATES):
            continue
        for word in value.split():
            path = _around(Path(unquote(urlsplit(word).path))) if word.startswith("file:") else Path(word)
            if path.is_absolute() and path.exists():
                found[path] = None
    return list(found)


def _around(index: Path) -> Path:
    return index if index.parent == index.parent.parent else index.parent
