"""Tiny files of every kind, from which damaged ones are made; the same bytes in every campaign."""

import io
import struct
import zlib
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
from PIL import Image
from pillow_heif import register_heif_opener

from tests.media import drawn, numbered, tone

WIDTH, HEIGHT, FRAMES, RATE = 112, 80, 6, 25
SECONDS, SOUND_RATE = 0.24, 22_050
SAME_BYTES = {"fflags": "+bitexact"}  # no random serial numbers
NUMBERS = (WIDTH, HEIGHT, FRAMES, RATE, SOUND_RATE, 44_100, 48_000, 1000, 90_000, 12_800, 240, 1, 2)


@dataclass(frozen=True)
class Seed:
    """One good file."""

    name: str  # with the ending that it deserves
    content: bytes


VIDEOS = {  # name -> codec, pixel format, sound
    "h264.mp4": ("libx264", "yuv420p", "aac"),
    "fragments.mp4": ("libx264", "yuv420p", "aac"),
    "mpeg4.mov": ("mpeg4", "yuv420p", "pcm_s16le"),
    "mjpeg.avi": ("mjpeg", "yuvj420p", "pcm_s16le"),
    "mpeg4.avi": ("mpeg4", "yuv420p", "libmp3lame"),
    "ffv1.mkv": ("ffv1", "yuv444p10le", "flac"),
    "h264.mkv": ("libx264", "yuv420p", "libopus"),
    "vp8.webm": ("libvpx", "yuv420p", "libopus"),
    "vp9.webm": ("libvpx-vp9", "yuv420p", "libopus"),
    "mpeg2.ts": ("mpeg2video", "yuv420p", "mp2"),
    "flv1.flv": ("flv", "yuv420p", "libmp3lame"),
    "png.mov": ("png", "rgba", None),
    "gray.mkv": ("ffv1", "gray16le", None),
    "film.gif": ("gif", "rgb8", None),
}
SOUNDS = {  # name -> codec
    "s16.wav": "pcm_s16le",
    "f64.wav": "pcm_f64le",
    "adpcm.wav": "adpcm_ms",
    "a.flac": "flac",
    "a.mp3": "libmp3lame",
    "a.m4a": "aac",
    "alac.m4a": "alac",
    "a.ogg": "libvorbis",
    "a.opus": "libopus",
    "a.aac": "aac",
    "a.ac3": "ac3",
    "a.aiff": "pcm_s16be",
    "a.mka": "flac",
}
PICTURES = ("a.png", "a.jpg", "a.webp", "a.bmp", "a.tiff")
PILLOW_PICTURES = {  # name -> Pillow's name of the format, pictures
    "a.heic": ("HEIF", 1),
    "a.avif": ("AVIF", 1),
    "moving.avif": ("AVIF", 3),
    "moving.png": ("PNG", 3),
    "moving.webp": ("WEBP", 3),
}


def videos() -> list[Seed]:
    return [Seed(name, video_of(name, *how)) for name, how in VIDEOS.items() if there(how[0])]


def sounds() -> list[Seed]:
    return [Seed(name, sound_of(name, codec)) for name, codec in SOUNDS.items() if there(codec)]


def pictures() -> list[Seed]:
    others = [Seed(name, pillow_picture(*how)) for name, how in PILLOW_PICTURES.items()]
    return [*(Seed(name, picture_of(name)) for name in PICTURES), *others]


def strange() -> list[Seed]:
    """Whole files that are nothing to speak with."""
    return [
        Seed("words.mkv", subtitles()),
        Seed("silence.wav", sound_of("a.wav", "pcm_s16le", np.zeros((1, 1), np.float32))),
        Seed("list.m3u8", b"#EXTM3U\n#EXTINF:9,\n/dev/zero\n#EXT-X-ENDLIST\n"),
        Seed("list.ffconcat", b"ffconcat version 1.0\nfile /etc/passwd\n"),
        Seed("call.sdp", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 9 RTP/AVP 96\n"),
        Seed(
            "draw.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>'
        ),
        Seed("page.html", b"<!DOCTYPE html><html><body>Sign in</body></html>"),
        Seed("nothing.mp4", b""),
        Seed("zero.mp4", bytes(4096)),
    ]


def there(codec: str) -> bool:
    try:
        av.Codec(codec, "w")
    except ValueError:
        return False
    return True


def video_of(name: str, codec: str, pix_fmt: str, sound: str | None) -> bytes:
    held = io.BytesIO()
    flags = SAME_BYTES | ({"movflags": "frag_keyframe+empty_moov"} if "frag" in name else {})
    kind = {"ts": "mpegts", "mkv": "matroska"}.get(name.rpartition(".")[2])
    with av.open(held, "w", format=kind or name.rpartition(".")[2], options=flags) as output:
        picture = output.add_stream(codec, rate=RATE)
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, pix_fmt
        picture.codec_context.thread_count = 1
        voice = added(output, sound) if sound else None
        for index in range(FRAMES):
            frame = drawn(numbered(index, WIDTH, HEIGHT), pix_fmt)
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            output.mux(picture.encode(frame))
        output.mux(picture.encode(None))
        if voice:
            encode(output, voice, tone(SECONDS, voice.codec_context.sample_rate, 1))
    return held.getvalue()


def sound_of(name: str, codec: str, samples: np.ndarray | None = None) -> bytes:
    held = io.BytesIO()
    ending = name.rpartition(".")[2]
    kind = {"m4a": "mp4", "aac": "adts", "mka": "matroska"}.get(ending, ending)
    with av.open(held, "w", format=kind, options=SAME_BYTES) as output:
        voice = added(output, codec)
        rate = voice.codec_context.sample_rate
        encode(output, voice, tone(SECONDS, rate, 1) if samples is None else samples)
    return held.getvalue()


def added(output: av.container.OutputContainer, codec: str) -> av.AudioStream:
    rates = av.Codec(codec, "w").audio_rates or [SOUND_RATE]
    return output.add_stream(
        codec, rate=min(rates, key=lambda r: abs(r - SOUND_RATE)), layout="mono"
    )


def encode(
    output: av.container.OutputContainer, voice: av.AudioStream, samples: np.ndarray
) -> None:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "mono")
    frame.sample_rate = voice.codec_context.sample_rate
    frame.pts, frame.time_base = 0, Fraction(1, frame.sample_rate)
    output.mux(voice.encode(frame))
    output.mux(voice.encode(None))


def picture_of(name: str) -> bytes:
    return cv2.imencode(f".{name.rpartition('.')[2]}", numbered(5, WIDTH, HEIGHT))[1].tobytes()


def pillow_picture(kind: str, count: int) -> bytes:
    register_heif_opener()
    held = io.BytesIO()
    first, *others = (Image.fromarray(numbered(n, WIDTH, HEIGHT)[..., ::-1]) for n in range(count))
    moving = {"save_all": True, "append_images": others, "duration": 40} if others else {}
    first.save(held, kind, **moving)
    return held.getvalue()


def subtitles() -> bytes:
    """A Matroska file with a stream of text and nothing else, by hand: EBML in a few lines."""
    header = element(0x1A45DFA3, element(0x4282, b"matroska"))
    facts = element(0x1549A966, element(0x2AD7B1, struct.pack(">I", 1_000_000)))
    words = element(0xD7, b"\1") + element(0x73C5, b"\1") + element(0x83, b"\x11")
    tracks = element(0x1654AE6B, element(0xAE, words + element(0x86, b"S_TEXT/UTF8")))
    block = element(0xA0, element(0xA1, b"\x81\0\0\0%s %n {0} $(id)") + element(0x9B, b"\x50"))
    cluster = element(0x1F43B675, element(0xE7, b"\0") + block)
    return header + element(0x18538067, facts + tracks + cluster)


def element(number: int, content: bytes) -> bytes:
    size = struct.pack(">Q", len(content) | 1 << 56)
    return number.to_bytes((number.bit_length() + 7) // 8, "big") + size + content


def with_good_checks(content: bytes) -> bytes:
    """A PNG whose checksums are right again, so that a reader believes its header."""
    if not content.startswith(b"\x89PNG"):
        return content
    data, place = bytearray(content), 8
    while place + 12 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        end = place + 8 + size
        if end + 4 > len(data):
            break
        data[end : end + 4] = struct.pack(">I", zlib.crc32(data[place + 4 : end]))
        place = end + 4
    return bytes(data)
