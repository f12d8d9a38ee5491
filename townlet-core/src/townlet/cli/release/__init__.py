"""Commands about releases: what was run, promoted and rolled back."""
