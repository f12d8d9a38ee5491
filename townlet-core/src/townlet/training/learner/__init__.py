"""Who learns: which backend, what it honours, and its faults by name."""
