"""Commands about a mind: train, evaluate, compare, report, export."""
