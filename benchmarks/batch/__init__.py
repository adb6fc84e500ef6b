"""The batch program against a loop of the command, under kills, and with a thousand jobs."""
