"""Every blend method on the same faces, judged in numbers and shown side by side."""
