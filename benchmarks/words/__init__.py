"""Words that are heard, and when, against a known text."""
