"""python -m benchmarks networks: seconds a frame of the networks that users bring."""
