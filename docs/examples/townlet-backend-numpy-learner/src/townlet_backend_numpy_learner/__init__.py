"""A mind for Townlet that learns by cloning and PPO, in plain NumPy"""
