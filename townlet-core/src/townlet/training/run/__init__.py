"""One run of training: its folder, where it stands, its checkpoints, and the value that holds them together."""
