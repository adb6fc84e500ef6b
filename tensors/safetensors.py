"""Read a safetensors file as numpy arrays: a header in JSON, and behind it the numbers."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tensors.numbers import (
    BFLOAT16,
    BOOL,
    FLOAT16,
    FLOAT32,
    FLOAT64,
    INT8,
    INT16,
    INT32,
    INT64,
    UINT8,
    NumberType,
    Tensor,
    map_file,
)

MAX_HEADER = 2**22  # bytes; Wav2Lip's is 40 kB
TYPES: Mapping[str, NumberType] = {
    "F64": FLOAT64,
    "F32": FLOAT32,
    "F16": FLOAT16,
    "BF16": BFLOAT16,
    "I64": INT64,
    "I32": INT32,
    "I16": INT16,
    "I8": INT8,
    "U8": UINT8,
    "BOOL": BOOL,
}


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Every tensor by its name; ValueError unless their numbers fill the file without overlap."""
    header, numbers = read_parts(path)
    return {name: read_tensor(facts, numbers) for name, facts in header.items()}


def read_safetensors_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Every tensor's shape by its name; no number is read."""
    header, _ = read_parts(path)
    return {name: tuple(map(int, facts["shape"])) for name, facts in header.items()}


def read_parts(path: Path) -> tuple[Mapping[str, Any], memoryview]:
    """The facts of every tensor, and the numbers behind them."""
    data = map_file(path)
    length = int.from_bytes(data[:8], "little")
    if length > min(MAX_HEADER, len(data) - 8):
        raise ValueError(f"a header of {length} bytes")
    header = json.loads(bytes(data[8 : 8 + length]), object_pairs_hook=unique_names)
    header.pop("__metadata__", None)
    numbers = data[8 + length :]
    check_places([facts["data_offsets"] for facts in header.values()], len(numbers))
    return header, numbers


def unique_names(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    facts: dict[str, object] = {}
    for name, value in pairs:
        if name in facts:
            raise ValueError(f"{name!r} is there twice")
        facts[name] = value
    return facts


def check_places(places: list[list[int]], size: int) -> None:
    end = 0
    for start, stop in sorted(places):
        if start != end:
            raise ValueError("numbers that overlap, or of no tensor")
        end = stop
    if end != size:
        raise ValueError("more or fewer numbers than the header says")


def read_tensor(facts: Mapping[str, Any], data: memoryview) -> Tensor:
    start, stop = facts["data_offsets"]
    if min(facts["shape"], default=0) < 0:
        raise ValueError("a tensor of a size below zero")
    return TYPES[facts["dtype"]].numbers(data[start:stop]).reshape(facts["shape"])
