"""Networks in torch, whose weights are the user's own: filled from a file, and run."""
