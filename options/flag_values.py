"""Values of flags as people write them, from text."""

import re
from argparse import ArgumentTypeError
from fractions import Fraction
from pathlib import Path

from base.plugins import plugin_names
from stages.names import UPSCALERS

PluginStages = tuple[tuple[str, str], ...]  # name and argument of each, in order
MOST_PIXELS = 1_000_000  # along an edge: FFmpeg knows no larger picture
NTSC = {f"{rate / 1.001:.3f}": Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120)}
UNITS = {"": 1, "k": 1000, "m": 1_000_000}
LEAST, MOST = 8_000, 1_000_000_000  # bits a second
MOST_OF_SOUND = 512_000
BIT_RATE = re.compile(r"(\d{1,10}(?:\.\d{1,6})?)([km]?)", re.IGNORECASE)


def parse_bool(text: str) -> bool:
    """The words that users type after a switch such as --static."""
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in words:
        raise ArgumentTypeError(f"expected true or false, got {text!r}")
    return words[text.lower()]


def parse_path(text: str) -> Path:
    if not text:
        raise ArgumentTypeError("expected a name, got nothing")
    return Path(text)


def parse_upscaler(text: str) -> str | Path:
    """A way to enlarge by its name, or a file."""
    return text if text in UPSCALERS else parse_path(text)


def parse_pixels(text: str) -> int:
    value = int(text)
    if abs(value) > MOST_PIXELS:
        raise ArgumentTypeError(f"expected at most {MOST_PIXELS}, got {text[:20]}...")
    return value


def parse_rate(text: str) -> Fraction:
    """Frames a second; 29.97 and the like stand for the exact NTSC rates."""
    if not re.fullmatch(r"\d{1,9}(\.\d{1,20}|/0*[1-9]\d{0,8})?", text):
        raise ArgumentTypeError(f"expected a rate such as 25, 29.97 or 30000/1001, got {text!r}")
    value = Fraction(text).limit_denominator(100_000)
    return next((r for name, r in NTSC.items() if abs(value - Fraction(name)) < 0.006), value)


def parse_bit_rate(text: str) -> int:
    """Bits a second."""
    found = BIT_RATE.fullmatch(text)
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


def parse_plugin_stages(text: str) -> PluginStages:
    """From `name,name=argument`; every name is an installed plug-in's, and there once."""
    pairs = [part.partition("=") for part in text.split(",") if part]
    stages = tuple((name.strip(), argument) for name, _, argument in pairs)
    names, known = [name for name, _ in stages], plugin_names("stages")
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        words = f"{unknown[0]!r} is none" if unknown else "got nothing"
        raise ArgumentTypeError(
            f"expected stages of plug-ins ({', '.join(known) or 'none'}): {words}"
        )
    if len(set(names)) < len(names):
        raise ArgumentTypeError(f"a stage stands there twice: {text}")
    return stages
