"""HEIC as phones store it: tiles, and a grid that puts them together."""

import struct
from pathlib import Path

import av
import numpy as np

from tests.media import make_video

COLUMNS, ROWS, TILE = 3, 2, 64


def make_grid(path: Path, picture: np.ndarray) -> Path:
    """A HEIC of six tiles, which hold the BGR picture and a margin behind its right and bottom."""
    height, width = picture.shape[:2]
    padded = np.zeros((ROWS * TILE, COLUMNS * TILE, 3), np.uint8)
    padded[:height, :width] = picture
    places = [(row * TILE, column * TILE) for row in range(ROWS) for column in range(COLUMNS)]
    tiles = [padded[y : y + TILE, x : x + TILE] for y, x in places]
    config, packets = _encode(path.with_suffix(".tiles.mp4"), tiles)
    path.write_bytes(_file(config, packets, (width, height)))
    return path


def _encode(scratch: Path, tiles: list[np.ndarray]) -> tuple[bytes, list[bytes]]:
    """The decoder's configuration (hvcC), and each tile as a key frame."""
    options = {"x265-params": "keyint=1:qp=4:log-level=error:repeat-headers=0:info=0"}
    size, count = (TILE, TILE), len(tiles)
    make_video(
        scratch,
        frames=count,
        size=size,
        codec="libx265",
        draw=lambda n, *_: tiles[n],
        options=options,
    )
    with av.open(str(scratch)) as container:
        stream = container.streams.video[0]
        packets = [bytes(packet) for packet in container.demux(stream) if packet.size]
        return stream.codec_context.extradata, packets


def _file(config: bytes, packets: list[bytes], size: tuple[int, int]) -> bytes:
    ftyp = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    offset = len(ftyp) + len(_meta(config, packets, size, 0)) + 8
    return ftyp + _meta(config, packets, size, offset) + _box(b"mdat", b"".join(packets))


def _meta(config: bytes, packets: list[bytes], size: tuple[int, int], offset: int) -> bytes:
    """Item 1 is the grid, items 2 and up its tiles, whose data lie at `offset` of the file."""
    tiles = range(2, len(packets) + 2)
    kinds = [(1, b"grid"), *((number, b"hvc1") for number in tiles)]
    entries = b"".join(
        _full(b"infe", struct.pack(">HH4sx", number, 0, kind), 2) for number, kind in kinds
    )
    grid = struct.pack(">BBBBHH", 0, 0, ROWS - 1, COLUMNS - 1, *size)
    properties = [_box(b"hvcC", config), _size(TILE, TILE), _size(*size)]
    links = [(1, [3]), *((number, [0x81, 2]) for number in tiles)]
    return _full(
        b"meta",
        _full(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + _full(b"pitm", struct.pack(">H", 1))
        + _full(b"iinf", struct.pack(">H", len(kinds)) + entries)
        + _full(b"iref", _box(b"dimg", struct.pack(f">HH{len(tiles)}H", 1, len(tiles), *tiles)))
        + _box(b"iprp", _box(b"ipco", b"".join(properties)) + _links(links))
        + _places(packets, offset)
        + _box(b"idat", grid),
    )


def _size(width: int, height: int) -> bytes:
    return _full(b"ispe", struct.pack(">II", width, height))


def _links(links: list[tuple[int, list[int]]]) -> bytes:
    """Which properties, counted from 1, each item has."""
    rows = (struct.pack(">HB", item, len(numbers)) + bytes(numbers) for item, numbers in links)
    return _full(b"ipma", struct.pack(">I", len(links)) + b"".join(rows))


def _places(packets: list[bytes], offset: int) -> bytes:
    """Where each item's data lie: the grid's in the idat box, the tiles' in the file."""
    rows = [struct.pack(">HHHHII", 1, 1, 0, 1, 0, 8)]
    for number, packet in enumerate(packets, 2):
        rows.append(struct.pack(">HHHHII", number, 0, 0, 1, offset, len(packet)))
        offset += len(packet)
    return _full(b"iloc", struct.pack(">BBH", 0x44, 0, len(rows)) + b"".join(rows), 1)


def _full(kind: bytes, content: bytes, version: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24) + content)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content
