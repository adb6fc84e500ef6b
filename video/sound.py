"""The original sound beside the picture: its packets copied, or encoded once."""

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
from base.media import decode_sound, demux, discard_others, reason_of
from base.pauses import believable_silence
from video.clip import open_media
from video.continuous import AudioFormat, fill_pauses

BIT_RATE = 192_000  # of encoded sound, bits a second
MOST_OF_OPUS = 256_000  # bits a second of a channel
ENCODER_OPTIONS = {"aac": {"aac_coder": "fast"}}  # decision 063
LAYOUTS = {"mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1"}  # that all sound encoders here take
PCM = frozenset({"pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le"})
IN_MP4 = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})

AudioPacket: TypeAlias = "av.Packet[AudioStream]"


@dataclass(frozen=True)
class ContainerFormat:
    """A container format and the sound that goes into it."""

    name: str  # FFmpeg's
    copied_codecs: frozenset[str] | None  # whose packets are copied into it; none: any
    sound_encoder: str = "aac"  # for all other codecs
    muxer_options: Mapping[str, str] = field(default_factory=dict)
    video_options: Mapping[str, str] = field(default_factory=dict)  # for every video encoder
    text_codec: str | None = None  # of subtitles; none: it has no track for them


FAST_START = {"movflags": "+faststart"}
CONTAINERS: dict[str, ContainerFormat] = {  # by the suffix of the file's name
    ".mp4": ContainerFormat("mp4", IN_MP4, muxer_options=FAST_START, text_codec="mov_text"),
    ".m4v": ContainerFormat("mp4", IN_MP4, muxer_options=FAST_START, text_codec="mov_text"),
    ".mov": ContainerFormat(
        *("mov", IN_MP4 - {"opus", "flac"} | PCM),
        muxer_options=FAST_START,
        text_codec="mov_text",
    ),
    ".mkv": ContainerFormat("matroska", None, text_codec="subrip"),
    ".avi": ContainerFormat(  # it states no times, so frames must not be reordered
        *("avi", frozenset({"mp3", "ac3", "pcm_s16le", "pcm_s24le", "pcm_u8"})),
        video_options={"bf": "0"},
    ),
    ".webm": ContainerFormat(
        *("webm", frozenset({"opus", "vorbis"})), sound_encoder="libopus", text_codec="webvtt"
    ),
}


@dataclass(frozen=True)
class SoundPackets:
    """A sound ready to be muxed; its times are seconds from its first sample on."""

    codec: str  # in the output
    copied: bool  # or encoded
    packets: Iterator[AudioPacket]


def add_sound(
    source: InputContainer,
    path: Path,
    output: OutputContainer,
    container: ContainerFormat,
    bit_rate: int = BIT_RATE,
) -> SoundPackets:
    """Add a stream to `output` for the sound of `source`, and return the packets for it.

    The sound is the first stream that holds samples, as in audio.load. `path` is that of `source`;
    `bit_rate` is for a sound that has to be encoded.
    """
    index = _first_audible_stream(path)
    if index is None:
        raise InputError(f"{path}: no sound in it that can be decoded; give a file with sound")
    stream = source.streams.audio[index]
    codec = stream.codec_context.codec.canonical_name
    if container.copied_codecs is None or codec in container.copied_codecs:
        try:
            target = output.add_stream_from_template(stream)
            return SoundPackets(codec, True, _copy_packets(source, stream, target))
        except ValueError:  # a codec that the container has no name for
            pass
    target = _add_encoder(stream, output, container, bit_rate)
    audio_format = AudioFormat.of(target.codec_context)
    frames = fill_pauses(decode_sound(source, index), audio_format, believable_silence(source))
    return SoundPackets(container.sound_encoder, False, _encode(frames, target, path))


def end_time(packet: AudioPacket) -> Fraction:
    """Seconds."""
    return start_time(packet) + (packet.duration or 0) * packet.time_base


def start_time(packet: AudioPacket) -> Fraction:
    """Seconds."""
    return (packet.pts or 0) * packet.time_base


def trim(packet: AudioPacket, end: Fraction, step: Fraction) -> "AudioPacket | None":
    """The packet cut off at the time `end`; none if less than half a `step` would be left."""
    duration = end - start_time(packet)
    if duration <= step / 2:
        return None
    if packet.stream.codec_context.name in PCM:
        return _trim_samples(packet, duration)
    packet.duration = min(packet.duration or 0, math.floor(duration / packet.time_base))
    return packet


def _trim_samples(packet: AudioPacket, duration: Fraction) -> AudioPacket:
    """A PCM packet with fewer samples: players believe these more than the stated duration."""
    rate = packet.stream.codec_context.sample_rate
    samples = round((end_time(packet) - start_time(packet)) * rate)
    kept = min(samples, math.floor(duration * rate))
    shorter: av.Packet[Stream] = av.Packet(bytes(packet)[: packet.size // samples * kept])
    shorter.pts, shorter.dts = packet.pts, packet.dts
    shorter.time_base, shorter.stream = packet.time_base, packet.stream
    shorter.duration = math.floor(Fraction(kept, rate) / packet.time_base)
    return cast(AudioPacket, shorter)


def _copy_packets(
    source: InputContainer, stream: AudioStream, target: AudioStream
) -> Iterator[AudioPacket]:
    """The stream's packets for the target stream, their times from 0 on and never backward."""
    discard_others(source, stream)
    zero, end = stream.start_time, None
    for packet in demux(source, stream):
        stamp = packet.pts if packet.pts is not None else packet.dts
        if packet.size == 0 or stamp is None:
            continue
        zero = stamp if zero is None else zero
        duration = packet.duration or 1
        if end is not None and stamp - zero < end - duration // 2:  # times that start anew
            zero = stamp - end
        packet.pts = stamp - zero
        end = packet.pts + duration
        packet.dts = packet.pts  # packets of sound are never reordered
        packet.stream = target
        yield packet


def _add_encoder(
    stream: AudioStream, output: OutputContainer, container: ContainerFormat, bit_rate: int
) -> AudioStream:
    """A stream to encode into, with the source's rate and channels or the nearest it can have."""
    codec = av.Codec(container.sound_encoder, "w")
    context = stream.codec_context
    rates = codec.audio_rates or [context.sample_rate]
    rate = min(rates, key=lambda rate: abs(rate - context.sample_rate))
    if container.sound_encoder == "libopus":
        bit_rate = min(bit_rate, MOST_OF_OPUS * context.channels)
    options = ENCODER_OPTIONS.get(container.sound_encoder)
    target = output.add_stream(container.sound_encoder, rate, options=options, bit_rate=bit_rate)
    assert isinstance(target, AudioStream)
    layout = context.layout.name if context.layout.name in LAYOUTS else None
    target.codec_context.layout = layout or ("mono" if context.channels == 1 else "stereo")
    return target


def _encode(
    frames: Iterator[av.AudioFrame], target: AudioStream, path: Path
) -> Iterator[AudioPacket]:
    for frame in _with_input_errors(frames, path):
        yield from target.encode(frame)
    yield from target.encode(None)


def _with_input_errors(frames: Iterator[av.AudioFrame], path: Path) -> Iterator[av.AudioFrame]:
    """The frames; an error in making them is reported of the sound, not of the output."""
    try:
        yield from frames
    except (OSError, ValueError, av.FFmpegError) as error:
        raise InputError(
            f"{path}: its sound cannot be converted: {reason_of(error)}; export it as a stereo wav"
        ) from error


def _first_audible_stream(path: Path) -> int | None:
    """The index of the first audio stream that holds samples."""
    with open_media(path) as source:
        count = len(source.streams.audio)
    for index in range(count):
        with open_media(path) as source:
            if any(frame.samples for frame in decode_sound(source, index)):
                return index
    return None
