"""What is measured with: clips, a sound and weights, made anew and always the same."""
