"""Commands about the tool itself: backends, configs, speed."""
