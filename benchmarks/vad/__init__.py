"""How well speech is found in mixtures of speech and noise."""
