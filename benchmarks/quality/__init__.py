"""Judge a result; without one, what every blend method makes of synthetic clips."""
