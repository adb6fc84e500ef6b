"""Every blend method on the same faces: scores, limits, and a picture of all side by side."""
