"""A track of texts beside picture and sound: subtitles that players show or hide."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.container import OutputContainer
from av.stream import Disposition, Stream
from av.subtitles.codeccontext import SubtitleCodecContext

from base.errors import UsageError
from video.sound import CONTAINERS, ContainerFormat

TICK = Fraction(1, 1000)  # seconds
LANGUAGES = {  # three letters of ISO 639-2 for two of 639-1; none: not determined
    **{"": "und", "en": "eng", "de": "deu", "fr": "fra", "es": "spa", "it": "ita", "pt": "por"},
    **{"nl": "nld", "pl": "pol", "cs": "ces", "sv": "swe", "da": "dan", "no": "nor", "fi": "fin"},
    **{"ru": "rus", "uk": "ukr", "el": "ell", "tr": "tur", "he": "heb", "ar": "ara", "fa": "fas"},
    **{"hi": "hin", "zh": "zho", "ja": "jpn", "ko": "kor", "vi": "vie", "th": "tha", "id": "ind"},
}
LENGTH_BYTES = 2  # before each text of an MP4
# How MP4's texts look where the player has no wish of its own: white, at the bottom, outlined.
HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, \
Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


@dataclass(frozen=True)
class TimedText:
    """A text and when it is shown, in seconds."""

    text: str
    start: Fraction
    end: Fraction

    def __post_init__(self) -> None:
        if not self.text or not 0 <= self.start < self.end:
            raise ValueError(f"{self} is never seen")


@dataclass(frozen=True)
class TextTrack:
    """Texts one after another."""

    texts: tuple[TimedText, ...]
    language: str = LANGUAGES[""]  # three letters of ISO 639-2

    def __post_init__(self) -> None:
        if any(b.start < a.end for a, b in zip(self.texts, self.texts[1:], strict=False)):
            raise ValueError("texts that are shown at once")


def check_takes_texts(path: Path, flag: str) -> None:
    """UsageError where a file of this ending has no such track."""
    container = CONTAINERS.get(path.suffix.lower())
    if container is not None and container.text_codec is None:
        fitting = " ".join(end for end, other in CONTAINERS.items() if other.text_codec)
        raise UsageError(f"{flag} in {path.name}: a file of its kind has no track; give {fitting}")


class TextMuxer:
    """Muxes a track's texts as far as the picture has come; without a track, nothing."""

    def __init__(
        self, output: OutputContainer, container: ContainerFormat, track: TextTrack | None
    ) -> None:
        self._output, self._codec = output, container.text_codec
        self._texts = [] if track is None else list(reversed(track.texts))
        if track is not None:
            self._stream = _add_stream(output, container, track.language)

    def mux_until(self, time: Fraction) -> None:
        """Mux all texts that end by this time, in seconds."""
        while self._texts and self._texts[-1].end <= time:
            self._mux(self._texts.pop(), time)

    def finish(self, time: Fraction) -> None:
        """Mux up to the picture's end."""
        while self._texts and self._texts[-1].start + TICK < time:
            self._mux(self._texts.pop(), time)

    def _mux(self, text: TimedText, latest: Fraction) -> None:
        data = text.text.encode()
        if self._codec == "mov_text":
            data = len(data).to_bytes(LENGTH_BYTES, "big") + data
        packet: av.Packet[Stream] = av.Packet(data)
        packet.pts = packet.dts = round(text.start / TICK)
        packet.duration = round(min(text.end, latest) / TICK) - packet.pts
        packet.time_base, packet.stream = TICK, self._stream
        self._output.mux(packet)


def _add_stream(output: OutputContainer, container: ContainerFormat, language: str) -> Stream:
    if container.text_codec is None:
        raise UsageError(f"subtitles: a file of the kind {container.name} has no track for them")
    stream = cast(Stream, output.add_stream(container.text_codec))
    context = stream.codec_context
    assert isinstance(context, SubtitleCodecContext)
    context.subtitle_header, context.time_base = HEADER, TICK
    stream.time_base = TICK
    stream.metadata["language"] = language
    stream.disposition = Disposition.default
    return stream
