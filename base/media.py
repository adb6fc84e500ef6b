"""Media files opened and demuxed as far as their damage allows."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard
from av.video.stream import VideoStream

StreamT = TypeVar("StreamT", AudioStream, VideoStream)

PLAYLISTS = {"concat", "dash", "hls", "image2", "sdp", "tty"}  # they open other files, or are text


def open_container(path: Path, options: dict[str, str] | None = None) -> InputContainer:
    """`file:` and the whitelist: no name, and no playlist, is ever taken for an address."""
    return av.open(
        f"file:{path.absolute()}",
        container_options={"protocol_whitelist": "file"},
        options=options or {},
        metadata_errors="replace",  # titles are in any encoding
    )


def is_playlist(container: InputContainer) -> bool:
    return bool(PLAYLISTS & set(container.format.name.split(",")))


def discard_others(container: InputContainer, stream: "AudioStream | VideoStream") -> None:
    """Only this stream's packets are read from here on: least of all a film's pictures."""
    for other in container.streams:
        if other is not stream:
            other.discard = Discard.all


def demuxed(container: InputContainer, stream: StreamT) -> Iterator["av.Packet[StreamT]"]:
    """The stream's packets to the end, or to where the file is cut off."""
    # IndexError: PyAV's, at the end of a broadcast in which a stream began after the opening
    with suppress(OSError, av.FFmpegError, IndexError):
        yield from container.demux(stream)


def decoded(packet: "av.Packet[Any]") -> list[Any]:
    """The packet's frames; none if it is damaged."""
    try:
        return list(packet.decode())
    except av.FFmpegError:
        return []


def reason_of(error: Exception) -> str:
    """Few words on what FFmpeg or the system said."""
    return str(getattr(error, "strerror", None) or error).lower()
