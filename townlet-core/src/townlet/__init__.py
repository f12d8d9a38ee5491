"""Townlet: a small-town simulation whose agents' minds are plugins.

Importing this package imports nothing else. Look into the rooms by name: ``townlet.api`` (the contract),
``townlet.plugins`` (finding and loading backends), ``townlet.envs`` (the town as an environment),
``townlet.training`` (behaviour cloning, PPO, anneal), ``townlet.evaluation``.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
