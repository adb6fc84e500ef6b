"""Text to sound, with the times of its words and phonemes."""
