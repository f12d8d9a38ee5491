"""The lines of ``metrics.jsonl``: what they say, and the file."""
