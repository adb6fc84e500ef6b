"""How well the voices are timed, and how well they are understood."""
