"""Agents that think in words: a slow mind over an OpenAI-compatible endpoint."""
