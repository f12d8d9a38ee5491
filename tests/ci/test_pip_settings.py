"""How pip reaches its index is read from pip, and handed on."""

from __future__ import annotations

from pathlib import Path

import pip_settings

LISTING = """\
:env:.cert='/etc/certificates.pem'
:env:.disable-pip-version-check='1'
global.cert='/elsewhere.pem'
global.constraint='/etc/constraints.txt'
global.extra-index-url='file:///mirror/simple https://index.example/simple'
global.index-url='https://index.example/main'
install.find-links='/wheels'
install.user='true'
"""


def test_settings_become_variables_and_the_environment_wins() -> None:
    found = pip_settings.read_listing(LISTING)
    assert found == {
        "PIP_CERT": "/etc/certificates.pem",
        "PIP_EXTRA_INDEX_URL": "file:///mirror/simple https://index.example/simple",
        "PIP_FIND_LINKS": "/wheels",
        "PIP_INDEX_URL": "https://index.example/main",
    }


def test_constraints_of_the_machine_are_not_handed_on() -> None:
    assert "PIP_CONSTRAINT" not in pip_settings.read_listing(LISTING)


def test_uv_is_told_in_its_own_words() -> None:
    found = pip_settings.uv_settings(pip_settings.read_listing(LISTING) | {"https_proxy": "http://proxy.example"})
    assert found == {
        "UV_DEFAULT_INDEX": "https://index.example/main",
        "UV_FIND_LINKS": "/wheels",
        "SSL_CERT_FILE": "/etc/certificates.pem",
        "https_proxy": "http://proxy.example",
    }


def test_local_paths_are_those_that_exist_and_the_folder_around_an_index(tmp_path: Path) -> None:
    (tmp_path / "mirror" / "simple").mkdir(parents=True)
    (tmp_path / "ca.pem").touch()
    settings = {
        "PIP_CERT": str(tmp_path / "ca.pem"),
        "PIP_FIND_LINKS": f"{tmp_path / 'missing'} https://index.example/links",
        "PIP_EXTRA_INDEX_URL": (tmp_path / "mirror" / "simple").as_uri(),
        "http_proxy": str(tmp_path),
    }
    assert pip_settings.local_paths(settings) == [tmp_path / "ca.pem", tmp_path / "mirror"]


def test_what_pip_says_here_can_be_read() -> None:
    assert all(isinstance(value, str) for value in pip_settings.pip_settings().values())
