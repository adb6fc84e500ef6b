"""The original sound beside the picture: its packets as they are, or encoded once."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Stream

from base.errors import InputError
from base.media import decoded, demuxed, discard_others, reason_of
from base.pauses import believable_silence
from video.clip import opened
from video.continuous import Setup, continuous

BIT_RATE = 192_000
LAYOUTS = {"mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1"}  # that every encoder here takes
PCM = frozenset({"pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le"})
IN_MP4 = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})

AudioPacket: TypeAlias = "av.Packet[AudioStream]"


@dataclass(frozen=True)
class Container:
    """A kind of file and the sound it takes."""

    name: str  # FFmpeg's
    copies: frozenset[str] | None  # codecs whose packets go in as they are; none: any
    encoder: str = "aac"
    options: Mapping[str, str] = field(default_factory=dict)
    picture_options: Mapping[str, str] = field(default_factory=dict)  # for every encoder


FAST_START = {"movflags": "+faststart"}
CONTAINERS: dict[str, Container] = {
    ".mp4": Container("mp4", IN_MP4, options=FAST_START),
    ".m4v": Container("mp4", IN_MP4, options=FAST_START),
    ".mov": Container("mov", IN_MP4 - {"opus", "flac"} | PCM, options=FAST_START),
    ".mkv": Container("matroska", None),
    ".avi": Container(  # it states no times, so frames must not be out of order
        *("avi", frozenset({"mp3", "ac3", "pcm_s16le", "pcm_s24le", "pcm_u8"})),
        picture_options={"bf": "0"},
    ),
    ".webm": Container("webm", frozenset({"opus", "vorbis"}), encoder="libopus"),
}


@dataclass(frozen=True)
class Track:
    """A sound on its way into a file; times are seconds from its first sample on."""

    codec: str  # in the file
    copied: bool
    packets: Iterator[AudioPacket]


def add_sound(
    source: InputContainer, path: Path, output: OutputContainer, kind: Container
) -> Track:
    """A stream in `output` for the sound of `source`, and the packets to be put there."""
    index = _audible(path)
    if index is None:
        raise InputError(f"{path}: no sound in it that can be decoded; give a file with sound")
    stream = _only(source, index)
    codec = stream.codec_context.codec.canonical_name
    if kind.copies is None or codec in kind.copies:
        try:
            target = output.add_stream_from_template(stream)
            return Track(codec, True, _copied(source, stream, target))
        except ValueError:  # a codec that the container has no name for
            pass
    target = _encoder(stream, output, kind)
    setup = Setup.of(target.codec_context)
    frames = continuous(_frames(source, stream), setup, believable_silence(source))
    return Track(kind.encoder, False, _encoded(frames, target, path))


def ends(packet: AudioPacket) -> Fraction:
    return starts(packet) + (packet.duration or 0) * packet.time_base


def starts(packet: AudioPacket) -> Fraction:
    return (packet.pts or 0) * packet.time_base


def cut(packet: AudioPacket, end: Fraction, step: Fraction) -> "AudioPacket | None":
    """The packet with its end at `end`; none if less than half a `step` would be left of it."""
    rest = end - starts(packet)
    if rest <= step / 2:
        return None
    if packet.stream.codec_context.name in PCM:
        return _cut_samples(packet, rest)
    packet.duration = min(packet.duration or 0, math.floor(rest / packet.time_base))
    return packet


def _cut_samples(packet: AudioPacket, rest: Fraction) -> AudioPacket:
    """Players believe the number of samples more than the duration that a file states."""
    rate = packet.stream.codec_context.sample_rate
    samples = round((ends(packet) - starts(packet)) * rate)
    kept = min(samples, math.floor(rest * rate))
    shorter: av.Packet[Stream] = av.Packet(bytes(packet)[: packet.size // samples * kept])
    shorter.pts, shorter.dts = packet.pts, packet.dts
    shorter.time_base, shorter.stream = packet.time_base, packet.stream
    shorter.duration = math.floor(Fraction(kept, rate) / packet.time_base)
    return cast(AudioPacket, shorter)


def _copied(
    source: InputContainer, stream: AudioStream, target: AudioStream
) -> Iterator[AudioPacket]:
    zero, end = stream.start_time, None
    for packet in demuxed(source, stream):
        stamp = packet.pts if packet.pts is not None else packet.dts
        if packet.size == 0 or stamp is None:
            continue
        zero = stamp if zero is None else zero
        lasts = packet.duration or 1
        if end is not None and stamp - zero < end - lasts // 2:  # times that begin anew
            zero = stamp - end
        packet.pts = stamp - zero
        end = packet.pts + lasts
        packet.dts = packet.pts  # sound has no frames out of order
        packet.stream = target
        yield packet


def _encoder(stream: AudioStream, output: OutputContainer, kind: Container) -> AudioStream:
    """The stream's own rate and channels, or the nearest that the encoder knows."""
    codec = av.Codec(kind.encoder, "w")
    own = stream.codec_context
    rate = min(codec.audio_rates or [own.sample_rate], key=lambda r: abs(r - own.sample_rate))
    target = output.add_stream(kind.encoder, rate=rate, bit_rate=BIT_RATE)
    assert isinstance(target, AudioStream)
    layout = own.layout.name if own.layout.name in LAYOUTS else None
    target.codec_context.layout = layout or ("mono" if own.channels == 1 else "stereo")
    return target


def _encoded(
    frames: Iterator[av.AudioFrame], target: AudioStream, path: Path
) -> Iterator[AudioPacket]:
    for frame in _convertible(frames, path):
        yield from target.encode(frame)
    yield from target.encode(None)


def _convertible(frames: Iterator[av.AudioFrame], path: Path) -> Iterator[av.AudioFrame]:
    """The frames; what FFmpeg says about them is said of the sound, not of the output."""
    try:
        yield from frames
    except (OSError, ValueError, av.FFmpegError) as error:
        raise InputError(
            f"{path}: its sound cannot be converted: {reason_of(error)}; export it as a stereo wav"
        ) from error


def _frames(source: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame]:
    for packet in demuxed(source, stream):
        yield from decoded(packet)


def _audible(path: Path) -> int | None:
    """Which stream of sound is the first that holds samples."""
    with opened(path) as source:
        count = len(source.streams.audio)
    for index in range(count):
        with opened(path) as source:
            stream = _only(source, index)
            if stream.codec_context is not None and any(
                frame.samples for frame in _frames(source, stream)
            ):
                return index
    return None


def _only(source: InputContainer, index: int) -> AudioStream:
    """That stream of sound; nothing else will be read, least of all a film's pictures."""
    stream = source.streams.audio[index]
    discard_others(source, stream)
    return stream
