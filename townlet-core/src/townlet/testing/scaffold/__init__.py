"""Writes a new backend's distribution, complete and conforming as written."""

from townlet.testing.scaffold.write import write_backend

__all__ = ["write_backend"]
