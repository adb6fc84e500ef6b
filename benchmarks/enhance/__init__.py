"""Restored faces: whether their skin is steady, and what the networks cost."""
