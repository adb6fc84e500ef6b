"""Whether sound and picture begin and end together, and keep step in between."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.video.stream import VideoStream

from base.media import StreamT, demuxed
from quality.sync import Floats, Sync, sync_of
from video.clip import opened

SURE = 0.5  # confidence from which a lag is one
PARTS = 3  # of which the first and the last are held against each other
SHORTEST = 3  # seconds of each: in less, a sound fits many a mouth


@dataclass(frozen=True)
class Length:
    """How long picture and sound are, by the container's time stamps, in exact seconds."""

    picture_seconds: Fraction
    sound_seconds: Fraction  # 0 without sound
    apart_ms: float | None  # + : the picture ends later; none without sound
    begins_apart_ms: float | None  # + : the picture begins later


@dataclass(frozen=True)
class Drift:
    """The mouth's lag in the first third and in the last."""

    first: Sync
    last: Sync
    apart_ms: float | None  # + : the mouth falls behind; none where one of the two is not sure


@dataclass(frozen=True)
class Span:
    """When a stream begins and ends."""

    begins: Fraction
    ends: Fraction


def length_of(path: Path) -> Length:
    """The lengths of the first stream of pictures and the first of sound."""
    with opened(path) as container:
        picture = _span(container, container.streams.video[0]) if container.streams.video else None
    with opened(path) as container:
        sound = _span(container, container.streams.audio[0]) if container.streams.audio else None
    return Length(
        picture_seconds=_seconds(picture),
        sound_seconds=_seconds(sound),
        apart_ms=_ms(picture.ends - sound.ends) if picture and sound else None,
        begins_apart_ms=_ms(picture.begins - sound.begins) if picture and sound else None,
    )


def drift_of(openings: Floats, loudness: Floats, fps: Fraction) -> Drift:
    """Whether the lag grows from the first third to the last."""
    frames = min(len(openings), len(loudness))
    part = frames // PARTS
    first = sync_of(openings[:part], loudness[:part], fps)
    last = sync_of(openings[frames - part : frames], loudness[frames - part : frames], fps)
    sure = min(first.confidence, last.confidence) >= SURE and part >= SHORTEST * fps
    if not sure or first.lag_ms is None or last.lag_ms is None:
        return Drift(first, last, None)
    return Drift(first, last, last.lag_ms - first.lag_ms)


def _span(container: InputContainer, stream: StreamT) -> Span | None:
    """From the first packet's time to the last one's end; none if nothing has a time."""
    unit = stream.time_base
    spans = list(_spans(container, stream))
    if not spans or unit is None:
        return None
    begins, ends = min(begin for begin, _ in spans), max(end for _, end in spans)
    if stream.start_time is not None:
        begins = max(begins, stream.start_time)  # what an encoder had to put before it
    return Span(begins * unit, max(begins, ends) * unit)


def _spans(container: InputContainer, stream: StreamT) -> Iterator[tuple[int | Fraction, ...]]:
    """When each packet begins and ends, in the stream's own unit: hours of them are cheap."""
    usual = _usual(stream) / stream.time_base if stream.time_base else Fraction(0)
    for packet in demuxed(container, stream):
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and packet.size:
            yield stamp, stamp + (packet.duration or usual)


def _usual(stream: StreamT) -> Fraction:
    """How long a picture is shown where the container does not say."""
    rate = stream.guessed_rate if isinstance(stream, VideoStream) else None
    return 1 / rate if rate else Fraction(0)


def _seconds(span: Span | None) -> Fraction:
    return span.ends - span.begins if span else Fraction(0)


def _ms(seconds: Fraction) -> float:
    return float(seconds * 1000)
