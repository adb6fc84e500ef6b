"""Spoken words as subtitles: which are shown together, when, and how they look."""
