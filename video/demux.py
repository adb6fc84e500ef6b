"""What can be read of a file in spite of its damage."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TypeVar

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

StreamT = TypeVar("StreamT", AudioStream, VideoStream)


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
