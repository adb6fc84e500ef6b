"""A mouth drawn by Diff2Lip's diffusion network, which is the user's own."""
