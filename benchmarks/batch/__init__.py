"""Many jobs at once: against a loop of the command, under kills, and a thousand in a row."""
