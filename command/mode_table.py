"""A mode as --check shows it: what was chosen, why, and every option that it sets."""

from typing import Any

from options.options import Options


def mode_lines(options: Options) -> list[str]:
    """Nothing without a mode."""
    if options.mode is None:
        return []
    facts = options.mode.summary
    head = f"mode    {facts['chosen']} ({facts['reason']})"
    return [head, *(f"        --{name} {value}" for name, value in mode_options(options).items())]


def mode_facts(options: Options) -> dict[str, Any] | None:
    """The same for programs."""
    if options.mode is None:
        return None
    return {**options.mode.summary, "options": mode_options(options)}


def mode_options(options: Options) -> dict[str, Any]:
    """The options that the mode set, as JSON can hold them."""
    names = () if options.mode is None else dict(options.mode.options)
    values = options.as_json()
    return {name: values[name] for name in names}
