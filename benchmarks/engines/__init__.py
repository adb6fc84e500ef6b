"""The speed and exactness of every engine, by batch size, precision and decoded part."""
