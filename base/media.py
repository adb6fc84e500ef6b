"""Open, demux and decode media files as far as their damage allows; MP4 is to be whole."""

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard
from av.video.stream import VideoStream

from base.errors import InputError

StreamT = TypeVar("StreamT", AudioStream, VideoStream)

# what MP4 and MOV begin with, and where they list their frames, or a HEIF its pictures
FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"}
INDEX_BOXES = {b"moov", b"moof", b"meta"}
WHOLE_BOXES = {b"mdat", b"moov"}  # unless there are fragments (moof), each an index of its own
MAX_BOXES = 1000  # that are looked at: live recordings have some for every second
PLAYLISTS = {"concat", "dash", "hls", "image2", "sdp", "tty"}  # they open other files, or are text


class PlaylistError(ValueError):
    """The file is text, or a list of other files."""


class CutOffError(InputError):
    """The file is only the beginning of an MP4, MOV or HEIF."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; copy or download it again, and give the whole file")


def check_whole(path: Path) -> None:
    """CutOffError for an MP4, MOV or HEIF without its index, or that ends before its data do."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        boxes = list(islice(_top_boxes(file, size), MAX_BOXES))
    kinds = {kind for kind, _ in boxes}
    if not boxes or boxes[0][0] not in FIRST_BOXES:
        return
    kind, end = boxes[-1]
    if end > size and kind in WHOLE_BOXES and b"moof" not in kinds:
        raise CutOffError(path, f"it is cut off: {size} of at least {end} bytes are there")
    if not kinds & INDEX_BOXES and len(boxes) < MAX_BOXES:
        raise CutOffError(
            path, "it is cut off, or was never finished: its index (moov or meta) is missing"
        )


def _top_boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    """Kind and end of each box (atom) that lies in no other; the last may end behind the file."""
    start = 0
    while start + 8 <= size:
        file.seek(start)
        header = file.read(16)
        length, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if length == 1:  # the next eight bytes state it
            length = int.from_bytes(header[8:], "big")
        end = start + length if length else size  # 0: up to the end of the file
        if end < start + 8:
            return
        yield kind, end
        start = end


def open_container(path: Path, options: dict[str, str] | None = None) -> InputContainer:
    """Open a file for reading; PlaylistError for what would make FFmpeg open other files.

    With `file:` and the whitelist no name is ever taken for an address. CutOffError for an MP4
    that is not whole.
    """
    check_whole(path)
    container = av.open(
        f"file:{path.absolute()}",
        container_options={"protocol_whitelist": "file"},
        options=options or {},
        metadata_errors="replace",  # titles are in any encoding
    )
    name = container.format.name
    if PLAYLISTS & set(name.split(",")):
        container.close()
        raise PlaylistError(f"a list or text ({name})")
    return container


def discard_others(container: InputContainer, stream: "AudioStream | VideoStream") -> None:
    """Read no other stream's packets from here on, so that a film's sound is quickly read."""
    for other in container.streams:
        if other is not stream:
            other.discard = Discard.all


def demux(container: InputContainer, stream: StreamT) -> Iterator["av.Packet[StreamT]"]:
    """The stream's packets to the end of the file, or to where it is cut off."""
    # IndexError: PyAV's, at the end of a broadcast in which a stream began after the opening
    with suppress(OSError, av.FFmpegError, IndexError):
        yield from container.demux(stream)


def decode_packet(packet: "av.Packet[Any]") -> list[Any]:
    """The packet's frames; none if it is damaged."""
    try:
        return list(packet.decode())
    except av.FFmpegError:
        return []


def decode_frames(container: InputContainer, stream: StreamT) -> Iterator[Any]:
    """Every frame of the stream that can be decoded; damaged packets are skipped."""
    for packet in demux(container, stream):
        yield from decode_packet(packet)


def decode_sound(container: InputContainer, index: int) -> Iterator[AudioFrame]:
    """The frames of an audio stream; nothing else is read of the file."""
    stream = container.streams.audio[index]
    decoder: AudioCodecContext | None = stream.codec_context
    if decoder is None:  # an unknown codec; PyAV's own decode would end the process
        return
    discard_others(container, stream)
    yield from decode_frames(container, stream)


def reason_of(error: Exception) -> str:
    """The message of FFmpeg or the system in a few lower-case words."""
    return str(getattr(error, "strerror", None) or error).lower()
