"""Actor-critic minds for Townlet on PyTorch: a network, behaviour cloning and PPO.

Importing this package imports no PyTorch; :mod:`townlet_backend_pytorch.plugin` is what Townlet loads.
"""

__all__: list[str] = []
