"""The whole command against the least that any program must do, and against the plain way."""
