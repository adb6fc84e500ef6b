"""A table of jobs: CSV or one JSON object a line, whose columns are the command's flags."""

import csv
import io
import json
from argparse import ArgumentTypeError
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any

from base.errors import InputError, UsageError
from options.animation import names_folder
from options.declaring import Role, parser_arguments
from options.flag_values import parse_bool
from options.options import NO_PAGE, Options, names_with
from workers.addresses import address_of

# the flags that a row can have for itself
ROW_OPTIONS = {option.name: option for option in fields(Options) if not option.metadata["single"]}


@dataclass(frozen=True)
class Row:
    """The options of one line, which replace those of the command line."""

    origin: str
    values: Mapping[str, Any]


def read_rows(manifest: Path, out_dir: Path) -> list[Row]:
    """Every row, checked as the flags are; UsageError names the first line that is wrong."""
    text = _text(manifest)
    lines = _json_lines if text.lstrip().startswith("{") else _csv_lines
    rows = []
    for number, cells in lines(text, manifest):
        origin = f"{manifest.name} line {number}"
        rows.append(Row(origin, row_values(cells, origin, manifest.parent, out_dir)))
    if not rows:
        raise UsageError(f"{manifest}: holds no row")
    return rows


def _text(manifest: Path) -> str:
    try:
        return manifest.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise InputError(f"{manifest}: cannot be read: {reason}; name another --manifest") from None


def _csv_lines(text: str, manifest: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row's line number and its cells that are not empty, by column."""
    header = text.partition("\n")[0]
    # spreadsheets write semicolons where the comma stands in numbers
    delimiter = ";" if ";" in header and "," not in header else ","
    reader = csv.reader(io.StringIO(text), strict=True, delimiter=delimiter)
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_names(names, f"{manifest.name} line 1")
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(names):
                words = f"has {len(cells)} cells where the header has {len(names)}"
                raise UsageError(f"{manifest.name} line {reader.line_num}: {words}")
            pairs = zip(names, cells, strict=True)
            yield reader.line_num, {name: cell for name, cell in pairs if cell}
    except csv.Error as error:
        raise UsageError(f"{manifest.name} line {reader.line_num}: no CSV: {error}") from error


def _json_lines(text: str, manifest: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row's line number and its values that are not null, by column."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        origin = f"{manifest.name} line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{origin}: no JSON: {error}") from error
        if not isinstance(row, dict):
            raise UsageError(f"{origin}: a JSON object was expected, one a line")
        _check_names(list(row), origin)
        yield number, {name: value for name, value in row.items() if value is not None}


def _check_names(names: list[str], origin: str) -> None:
    unknown = [name for name in names if name not in ROW_OPTIONS]
    if unknown:
        raise UsageError(f"{origin}: no flag is called {unknown[0]!r}; leave the column out")
    if len(set(names)) != len(names):
        raise UsageError(f"{origin}: a column stands there twice")


def row_values(
    cells: Mapping[str, Any], origin: str, folder: Path, out_dir: Path
) -> dict[str, Any]:
    """The row's options; inputs are relative to the table's folder, outputs to `out_dir`."""
    values = {}
    for name, cell in cells.items():
        try:
            values[name] = parse_value(ROW_OPTIONS[name], cell)
        except (ArgumentTypeError, ValueError, TypeError) as error:
            raise UsageError(f"{origin}: {name}: {error}") from error
    folders = {
        **dict.fromkeys((*names_with(Role.READ), "cache_dir"), folder),
        **dict.fromkeys(names_with(Role.WRITTEN), out_dir),
    }
    networks = values.get("animate")
    if networks is not None and names_folder(networks):
        values["animate"] = str(folder / networks)
    return {
        name: folders[name] / value
        if name in folders and isinstance(value, Path) and _is_relative(value)
        else value
        for name, value in values.items()
    }


def _is_relative(path: Path) -> bool:
    """Whether it belongs into a folder; joining leaves an absolute path as it is."""
    return address_of(path) is None and path != NO_PAGE


def parse_value(option: "Field[Any]", value: Any) -> Any:  # noqa: ANN401  an option's own type
    """The option's value from a cell or a JSON value, as its flag would read it."""
    if isinstance(value, dict):
        raise ValueError("one value was expected, got an object")
    arguments = parser_arguments(option)
    count = arguments.get("nargs")
    if isinstance(count, int):
        words = list(value) if isinstance(value, list) else str(value).replace(",", " ").split()
        if len(words) != count:
            raise ValueError(f"{count} values were expected, got {len(words)}")
        return tuple(_parse_word(arguments, word) for word in words)
    return _parse_word(arguments, value)


def _parse_word(arguments: Mapping[str, Any], value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, list | dict):
        raise ValueError("one value was expected, got several")
    is_switch = arguments.get("action") == "store_true"
    parse = parse_bool if is_switch else arguments.get("type", str)
    text = str(value)
    try:
        parsed = parse(text)
    except ValueError:
        raise ValueError(f"cannot be {text!r}") from None
    if parsed not in arguments.get("choices", (parsed,)):
        raise ValueError(f"{text!r}: choose one of {', '.join(arguments['choices'])}")
    return parsed
