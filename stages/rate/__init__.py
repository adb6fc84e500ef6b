"""Frames at another rate: those between the source's by its motion."""
