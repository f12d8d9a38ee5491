"""Commands about a town: run, record, replay, inspect."""
