"""The version of the contract. A backend's manifest names the range of versions that it serves."""

__all__ = ["API_VERSION"]

API_VERSION: int = 1
