"""Bit rates as people write them: 2M, 320k, 192000."""

import re
from argparse import ArgumentTypeError

UNITS = {"": 1, "k": 1000, "m": 1_000_000}
LEAST, MOST = 8_000, 1_000_000_000  # bits a second
MOST_OF_SOUND = 512_000
RATE = re.compile(r"(\d{1,10}(?:\.\d{1,6})?)([km]?)", re.IGNORECASE)


def parse_bit_rate(text: str) -> int:
    """Bits a second."""
    found = RATE.fullmatch(text)
    if found is None:
        raise ArgumentTypeError(f"expected bits a second such as 2M or 320k, got {text[:20]!r}")
    value = round(float(found[1]) * UNITS[found[2].lower()])
    if not LEAST <= value <= MOST:
        raise ArgumentTypeError(f"expected {LEAST // 1000}k to {MOST // 1_000_000}M, got {text}")
    return value


def parse_sound_rate(text: str) -> int:
    """Bits a second of a sound."""
    value = parse_bit_rate(text)
    if value > MOST_OF_SOUND:
        raise ArgumentTypeError(f"expected at most {MOST_OF_SOUND // 1000}k, got {text}")
    return value
