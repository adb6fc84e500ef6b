"""The host's commands on its kinds of clip: each has so many seconds."""
