"""Every engine, by batch size, precision and decoded part: how fast, and how exact."""
