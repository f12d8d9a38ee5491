"""PPO's public names; see :mod:`townlet.policy.ppo.utils`."""

__all__: list[str] = []
