"""A client's options: the command's flags by name, read by the command's own parser."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import Field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from base.errors import UsageError
from batch.rows import parse_value
from command.flags import parse_options
from options.animation import NAMES as ANIMATIONS
from options.animation import NONE
from options.declaring import Role, parser_arguments
from options.options import Options, names_with
from service.errors import BadRequest
from speech.voices import COMMAND, VOICES

LIMITS: dict[str, Callable[[Any], float]] = {  # a client may only lower them
    "max_pixels": int,
    "max_seconds": float,
}
MOST_TEXT, MOST_WORD = 100_000, 200  # characters of free text, and of any other value
FREE_TEXT = ("text",)  # may hold slashes
# Options that take words: another one is closed to clients until it stands here.
WORDS = ("text", "language", "face_select", "preset", "voice", "animate")
# Those whose words may also name a file or a program of the server: clients have these alone.
NAMES: dict[str, tuple[str, ...]] = {
    "voice": tuple(name for name in VOICES if name != COMMAND),
    "animate": (*ANIMATIONS, NONE),
}
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
NOWHERE = Path("/nowhere")
INPUTS = ("--face=face.png", "--audio=sound.wav")  # so that the flags for all jobs can be checked
FILES = names_with(Role.READ)  # given as an asset, an avatar, or a path that is allowed


def _is_open(option: "Field[Any]") -> bool:
    """Whether a client may set it: it names no file, and concerns the picture of the job alone."""
    facts = option.metadata
    chosen_by_name = "choices" in parser_arguments(option)
    matters = facts["role"] is Role.RESULT or (facts["role"] is Role.RUN and chosen_by_name)
    is_known = chosen_by_name or "str" not in str(option.type) or option.name in WORDS
    return matters and is_known and not facts["single"] and "Path" not in str(option.type)


OPEN = {option.name: option for option in fields(Options) if _is_open(option)}


def checked_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same values, each of which its flag would take; BadRequest names the first wrong one."""
    for name, value in given.items():
        if name not in OPEN:
            raise BadRequest(f"{name[:40]!r} is no option of a job: see /openapi.json")
        _check_words(name, value)
        _check_value(name, value)
    return dict(given)


def options_of(words: Sequence[str], given: Mapping[str, Any], files: Mapping[str, Any]) -> Options:
    """The options of a run: the server's own words, then the client's, which win; UsageError."""
    limits = {name: f"{limit}" for name, limit in _limits(words, given).items()}
    values = {**given, **limits, **{name: path for name, path in files.items() if path}}
    own = [word for name, value in values.items() for word in _words(name, value)]
    return parse_options([*words, *own])[0]


def check_together(
    words: Sequence[str], given: Mapping[str, Any], files: Mapping[str, Any]
) -> None:
    """BadRequest for what the command would refuse before it looks at a file."""
    try:
        options_of(words, given, {**files, "outfile": NOWHERE / "result.mp4"})
    except UsageError as error:
        raise BadRequest(str(error).replace(" (--help lists every flag)", "")) from error


def option_schema() -> dict[str, Any]:
    """JSON Schema of the options that a client may set, by name."""
    return {name: _schema(option) for name, option in OPEN.items()}


def _limits(words: Sequence[str], given: Mapping[str, Any]) -> dict[str, float]:
    """The smaller limit of each kind, where 0 stands for none."""
    return {
        name: min((kind(wish) for wish in (given.get(name), own) if wish), default=0)
        for (name, kind), own in zip(LIMITS.items(), _own_limits(tuple(words)), strict=True)
    }


@lru_cache
def _own_limits(words: tuple[str, ...]) -> tuple[float, ...]:
    """Those that the server's words set."""
    own, _ = parse_options([*words, *INPUTS])
    return tuple(getattr(own, name) for name in LIMITS)


def _words(name: str, value: Any) -> Iterator[str]:  # noqa: ANN401  from JSON
    """The words of a command line."""
    arguments = parser_arguments(next(o for o in fields(Options) if o.name == name))
    if arguments.get("action") == "store_true":
        yield from [f"--{name}"] if str(value).lower() in ("true", "yes", "1") else []
    elif isinstance(arguments.get("nargs"), int):
        parts = value if isinstance(value, list) else str(value).replace(",", " ").split()
        yield from (f"--{name}", *map(str, parts))
    else:
        yield f"--{name}={value}"


def _check_words(name: str, value: Any) -> None:  # noqa: ANN401  from JSON
    if name in NAMES and value not in (None, *NAMES[name]):
        raise BadRequest(f"{name}: choose {', '.join(NAMES[name])}")
    for word in value if isinstance(value, list) else [value]:
        text = str(word)
        most = MOST_TEXT if name in FREE_TEXT else MOST_WORD
        if len(text) > most or CONTROL.search(text):
            raise BadRequest(f"{name}: at most {most} characters, without control characters")
        is_rate = re.fullmatch(r"\d+/\d+", text)
        if name not in FREE_TEXT and not is_rate and re.search(r"[/\\]", text):
            raise BadRequest(f"{name}: a name was expected, without slashes")


def _check_value(name: str, value: Any) -> None:  # noqa: ANN401  from JSON
    if isinstance(value, bool) and _kind(OPEN[name]) != "boolean":
        raise BadRequest(f"{name}: takes a value, not {str(value).lower()}")
    try:
        parse_value(OPEN[name], value)
    except (ArgumentTypeError, ValueError, TypeError, OverflowError) as error:
        raise BadRequest(f"{name}: {error}") from error


def _schema(option: "Field[Any]") -> dict[str, Any]:
    arguments = parser_arguments(option)
    words = {"description": str(arguments["help"])}
    if option.name in NAMES:  # its flag's other words are not for clients
        words["description"] = words["description"].partition(":")[0]
    choices = NAMES.get(option.name, arguments.get("choices"))
    if choices is not None:
        return {**words, "enum": list(choices)}
    count, kind = arguments.get("nargs"), _kind(option)
    if isinstance(count, int):
        items = {"type": "array", "items": {"type": kind}, "minItems": count, "maxItems": count}
        return {**words, **items}
    return {**words, "type": kind}


def _kind(option: "Field[Any]") -> str:
    arguments = parser_arguments(option)
    if arguments.get("action") == "store_true" or arguments.get("const") is True:
        return "boolean"
    kinds = {"int": "integer", "parse_pixels": "integer", "float": "number"}
    return kinds.get(getattr(arguments.get("type"), "__name__", ""), "string")
