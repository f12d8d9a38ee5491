"""What a person wants written is written whole, or is not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from townlet.storage import write_given


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a file's size")
def test_of_a_new_file_no_half_is_left(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from townlet.storage import write_given
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
write_given(Path(sys.argv[1]), b"x" * 5000)
"""
    page = tmp_path / "page.html"
    done = subprocess.run([sys.executable, "-c", code, page], capture_output=True, text=True, check=False)
    assert "File too large" in done.stderr
    assert not page.exists()


def test_a_file_that_is_there_is_written_over(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    for text in (b"a long first text", b"short"):
        write_given(page, text)
        assert page.read_bytes() == text
