"""The host's commands on its kinds of clip, each within a limit of seconds."""
