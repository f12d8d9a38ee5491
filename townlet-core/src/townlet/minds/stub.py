"""The policy that does nothing; it lives with the plugin layer, which must be able to fall back on it."""

from townlet.plugins.stub import StubPolicy

__all__ = ["StubPolicy"]
