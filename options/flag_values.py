"""Values of flags as people write them: bit rates (2M, 320k), and what plug-ins add."""

import re
from argparse import ArgumentTypeError
from collections.abc import Mapping
from typing import Any

from base.plugins import plugin_names

PluginStages = tuple[tuple[str, str], ...]  # name and argument of each, in order
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


def with_plugins(parser: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parser's arguments of an option, with the plug-ins of its group as choices or named."""
    arguments = {**parser}
    group = arguments.pop("plugins", None)
    if group is None:
        return arguments
    names = plugin_names(group)
    if "choices" in arguments:
        return {**arguments, "choices": (*arguments["choices"], *names)}
    return {**arguments, "help": f"{arguments['help']} {', '.join(names) or 'none'}"}
