"""Run the command, and the programs it is compared with, as processes."""
