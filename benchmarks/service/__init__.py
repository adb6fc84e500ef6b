"""python -m benchmarks service: how long the address takes, and what a warm worker saves."""
