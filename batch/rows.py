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
from pipeline.options import NO_PAGE, Options, parse_bool
from workers.addresses import address_of

WHOLE_BATCH = ("progress", "debug", "demo", "check")  # flags that no row has for itself
OPTIONS = {option.name: option for option in fields(Options) if option.name not in WHOLE_BATCH}
# relative to the table's folder
READ = ("face", "audio", "drive_audio", "checkpoint_path", "cache_dir")
WRITTEN = ("outfile", "report", "quality")  # relative to --out_dir


@dataclass(frozen=True)
class Row:
    """What one line sets otherwise than the command line does."""

    origin: str
    values: Mapping[str, Any]


def rows_of(manifest: Path, out_dir: Path) -> list[Row]:
    """Every row, checked as the flags are; UsageError names the first line that is wrong."""
    text = _text(manifest)
    lines = _json_lines if text.lstrip().startswith("{") else _csv_lines
    rows = []
    for number, given in lines(text, manifest):
        origin = f"{manifest.name} line {number}"
        rows.append(Row(origin, _values(given, origin, manifest.parent, out_dir)))
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
    header = text.partition("\n")[0]
    between = (
        ";" if ";" in header and "," not in header else ","
    )  # as spreadsheets of many countries
    reader = csv.reader(io.StringIO(text), strict=True, delimiter=between)
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_names(names, f"{manifest.name} line 1")
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(names):
                words = f"has {len(cells)} cells where the header has {len(names)}"
                raise UsageError(f"{manifest.name} line {reader.line_num}: {words}")
            given = zip(names, cells, strict=True)
            yield reader.line_num, {name: cell for name, cell in given if cell}
    except csv.Error as error:
        raise UsageError(f"{manifest.name} line {reader.line_num}: no CSV: {error}") from error


def _json_lines(text: str, manifest: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        origin = f"{manifest.name} line {number}"
        try:
            given = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{origin}: no JSON: {error}") from error
        if not isinstance(given, dict):
            raise UsageError(f"{origin}: a JSON object was expected, one a line")
        _check_names(list(given), origin)
        yield number, {name: value for name, value in given.items() if value is not None}


def _check_names(names: list[str], origin: str) -> None:
    unknown = [name for name in names if name not in OPTIONS]
    if unknown:
        raise UsageError(f"{origin}: no flag is called {unknown[0]!r}; leave the column out")
    if len(set(names)) != len(names):
        raise UsageError(f"{origin}: a column stands there twice")


def _values(given: Mapping[str, Any], origin: str, folder: Path, out_dir: Path) -> dict[str, Any]:
    values = {}
    for name, value in given.items():
        try:
            values[name] = value_of(OPTIONS[name], value)
        except (ArgumentTypeError, ValueError, TypeError) as error:
            raise UsageError(f"{origin}: {name}: {error}") from error
    below = {**dict.fromkeys(READ, folder), **dict.fromkeys(WRITTEN, out_dir)}
    return {
        name: below[name] / value if name in below and not _elsewhere(value) else value
        for name, value in values.items()
    }


def _elsewhere(value: object) -> bool:
    """An address, or the mark for no page at all."""
    return isinstance(value, Path) and (address_of(value) is not None or value == NO_PAGE)


def value_of(option: "Field[Any]", given: Any) -> Any:  # noqa: ANN401  an option's own type
    """The option's value from a cell or a JSON value, as its flag would read it."""
    if isinstance(given, dict):
        raise ValueError("one value was expected, got an object")
    parser = option.metadata
    many = parser.get("nargs")
    if isinstance(many, int):
        words = list(given) if isinstance(given, list) else str(given).replace(",", " ").split()
        if len(words) != many:
            raise ValueError(f"{many} values were expected, got {len(words)}")
        return tuple(_one(parser, word) for word in words)
    return _one(parser, given)


def _one(parser: Mapping[str, Any], given: Any) -> Any:  # noqa: ANN401
    if isinstance(given, list | dict):
        raise ValueError("one value was expected, got several")
    read = parse_bool if parser.get("action") == "store_true" else parser.get("type", str)
    text = str(given)
    try:
        value = read(text)
    except ValueError:
        raise ValueError(f"cannot be {text!r}") from None
    if value not in parser.get("choices", (value,)):
        raise ValueError(f"{text!r}: choose one of {', '.join(parser['choices'])}")
    return value
