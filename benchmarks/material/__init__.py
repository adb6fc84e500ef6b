"""Synthetic inputs that are always the same: clips, a sound and weights."""
