"""The whole command against the least any program must do, and against the plain program."""
