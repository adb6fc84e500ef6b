"""Mouths of finished videos, measured by looking at them."""
