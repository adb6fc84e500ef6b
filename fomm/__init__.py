"""A photo moved by a video through First Order Motion's networks, which are the user's own."""
