"""The version of the contract. A backend's manifest names the range of versions that it serves."""

from townlet.version import API_VERSION

__all__ = ["API_VERSION"]
