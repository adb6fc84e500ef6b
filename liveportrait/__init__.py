"""A photo moved by LivePortrait's networks, which are the user's own."""
