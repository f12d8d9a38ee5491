"""Plays small networks that were trained elsewhere: fully connected layers over the features, without PyTorch."""
