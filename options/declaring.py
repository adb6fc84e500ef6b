"""How an option is declared: its default, its help, what argparse needs, and its role."""

from collections.abc import Mapping
from dataclasses import Field, field
from enum import Enum
from typing import Any

from base.plugins import plugin_names
from options.flag_values import parse_path


class Role(Enum):
    """What an option is to a run."""

    READ = "a file that is read"
    WRITTEN = "a file that is written"
    RESULT = "a choice that the result may depend on"
    RUN = "how the run is done or shown; the result is the same"


def option(
    default: Any,  # noqa: ANN401  as dataclasses.field
    words: str,
    role: Role = Role.RESULT,
    single: bool = False,
    **parser: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """A field whose metadata has the parser's arguments, its role, and whether a row of a batch
    cannot have it for itself."""
    facts = {"help": words, **parser}
    return field(default=default, metadata={"parser": facts, "role": role, "single": single})


def switch(words: str, role: Role = Role.RESULT, single: bool = False) -> Any:  # noqa: ANN401
    """An option that is off unless it is named."""
    return option(False, words, role, single, action="store_true")


def file_to_read(words: str, **parser: Any) -> Any:  # noqa: ANN401
    """An option that names a file, and none unless it is given."""
    return option(None, words, Role.READ, type=parse_path, **parser)


def file_to_write(words: str, single: bool = False, **parser: Any) -> Any:  # noqa: ANN401
    """An option that names a file to write, and none unless it is given."""
    return option(None, words, Role.WRITTEN, single, type=parse_path, **parser)


def parser_arguments(option: "Field[Any]") -> Mapping[str, Any]:
    """What argparse's add_argument takes besides the name and the default.

    The plug-ins of the option's group are among its choices, or named in its help.
    """
    arguments = {**option.metadata["parser"]}
    group = arguments.pop("plugins", None)
    if group is None:
        return arguments
    names = plugin_names(group)
    if "choices" in arguments:
        return {**arguments, "choices": (*arguments["choices"], *names)}
    return {**arguments, "help": f"{arguments['help']} {', '.join(names) or 'none'}"}
