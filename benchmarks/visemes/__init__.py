"""Whether the puppet's lips do what the phonemes of a sound ask of them."""
