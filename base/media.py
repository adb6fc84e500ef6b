"""Open, demux and decode media files as far as their damage allows."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard
from av.video.stream import VideoStream

StreamT = TypeVar("StreamT", AudioStream, VideoStream)

PLAYLISTS = {"concat", "dash", "hls", "image2", "sdp", "tty"}  # they open other files, or are text


class PlaylistError(ValueError):
    """The file is text, or a list of other files."""


def open_container(path: Path, options: dict[str, str] | None = None) -> InputContainer:
    """Open a file for reading; PlaylistError for what would make FFmpeg open other files.

    With `file:` and the whitelist no name is ever taken for an address.
    """
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
