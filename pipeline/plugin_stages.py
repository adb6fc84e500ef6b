"""The stages of plug-ins that a user asks for, as text."""

from argparse import ArgumentTypeError

from base.plugins import plugin_names

PluginStages = tuple[tuple[str, str], ...]  # name and argument of each, in order


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
