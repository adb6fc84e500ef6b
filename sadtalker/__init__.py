"""A photo that speaks by SadTalker's networks, which are the user's own."""
