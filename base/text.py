"""Text for people's terminals, and small files of it that a user names."""

import json
from pathlib import Path
from typing import Any


def one_line(text: str) -> str:
    """The text without line breaks and terminal codes, which names of files may hold."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def read_small(path: Path, most_bytes: int) -> bytes:
    """ValueError for what is no regular file, or too large."""
    if path.exists() and not path.is_file():
        raise ValueError("it is not a regular file")
    with path.open("rb") as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ValueError(f"it has more than {most_bytes >> 20} MB")
    return data


def read_json(path: Path, most_bytes: int) -> Any:  # noqa: ANN401  whatever JSON holds
    """What the file holds; ValueError also where it is not JSON."""
    data = read_small(path, most_bytes)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON, or too deep") from error
