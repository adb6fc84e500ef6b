"""Whether sound and picture begin and end together."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.video.stream import VideoStream

from base.media import StreamT, demux
from video.clip import open_media


@dataclass(frozen=True)
class Lengths:
    """How long picture and sound are, by the container's time stamps, in exact seconds."""

    picture_seconds: Fraction
    sound_seconds: Fraction  # 0 without sound
    end_difference_ms: float | None  # + : the picture ends later; none without sound
    start_difference_ms: float | None  # + : the picture begins later


@dataclass(frozen=True)
class Span:
    """When a stream begins and ends, in seconds."""

    begins: Fraction
    ends: Fraction


def measure_lengths(path: Path) -> Lengths:
    """The lengths of the first stream of pictures and the first of sound."""
    with open_media(path) as container:
        picture = _span(container, container.streams.video[0]) if container.streams.video else None
    with open_media(path) as container:
        sound = _span(container, container.streams.audio[0]) if container.streams.audio else None
    return Lengths(
        picture_seconds=_seconds(picture),
        sound_seconds=_seconds(sound),
        end_difference_ms=_ms(picture.ends - sound.ends) if picture and sound else None,
        start_difference_ms=_ms(picture.begins - sound.begins) if picture and sound else None,
    )


def _span(container: InputContainer, stream: StreamT) -> Span | None:
    """From the first packet's time to the last one's end; none if no packet has a time."""
    unit = stream.time_base
    spans = list(_packet_spans(container, stream))
    if not spans or unit is None:
        return None
    begins, ends = min(begin for begin, _ in spans), max(end for _, end in spans)
    if stream.start_time is not None:
        begins = max(begins, stream.start_time)  # without the samples that prime a decoder
    return Span(begins * unit, max(begins, ends) * unit)


def _packet_spans(
    container: InputContainer, stream: StreamT
) -> Iterator[tuple[int | Fraction, ...]]:
    """When each packet begins and ends, in the stream's own unit; nothing is decoded."""
    usual = _frame_duration(stream) / stream.time_base if stream.time_base else Fraction(0)
    for packet in demux(container, stream):
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and packet.size:
            yield stamp, stamp + (packet.duration or usual)


def _frame_duration(stream: StreamT) -> Fraction:
    """How long a picture is shown where its packet does not say."""
    rate = stream.guessed_rate if isinstance(stream, VideoStream) else None
    return 1 / rate if rate else Fraction(0)


def _seconds(span: Span | None) -> Fraction:
    return span.ends - span.begins if span else Fraction(0)


def _ms(seconds: Fraction) -> float:
    return float(seconds * 1000)
