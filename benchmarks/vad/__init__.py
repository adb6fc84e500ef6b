"""What tells speech from noise, on mixtures of both."""
