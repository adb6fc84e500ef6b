"""What networks that move a photo cost: a frame, part by part, by every way to run it."""
