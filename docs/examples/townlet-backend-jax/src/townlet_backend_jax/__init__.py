"""A backend for Townlet on JAX."""
