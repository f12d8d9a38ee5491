"""The version of the contract, where it can be read without importing anything.

``townlet.api`` hands it on; the scan for backends reads it here, because ``townlet.api`` needs numpy.
"""

__all__ = ["API_VERSION"]

API_VERSION: int = 1
