"""Lips that follow a sound: the command's options, the order of the stages, and the engines."""

__version__ = "0.1.0"
