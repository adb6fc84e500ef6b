"""Sounds of known content, in memory and as files of any kind."""

from fractions import Fraction

import av
import numpy as np
import pytest

from audio.load import SAMPLE_RATE, Sound


@pytest.fixture
def tone():
    """tone(seconds, rate, amplitude): a sine of 440 Hz."""

    def make(seconds=1.0, rate=SAMPLE_RATE, amplitude=0.3):
        times = np.arange(round(seconds * rate)) / rate
        return (amplitude * np.sin(2 * np.pi * 440 * times)).astype(np.float32)

    return make


@pytest.fixture
def sound():
    """sound((seconds, amplitude), ...): tones of 300 Hz one after another."""

    def make(*stretches):
        parts = []
        for seconds, amplitude in stretches:
            times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
            parts.append(amplitude * np.sin(2 * np.pi * 300 * times))
        return Sound(np.concatenate(parts).astype(np.float32))

    return make


@pytest.fixture
def write(tmp_path):
    """write(name, channels, codec, rate, layout): `channels` is (channels, samples) or (samples,).

    `lost=(first, last)` drops the packets between those seconds, `jumps=((after, seconds), ...)`
    moves the time stamps behind a time, `empty` puts that many streams without a packet in front,
    and `live` leaves the duration out of the header.
    """

    def make(name, channels, codec="pcm_s16le", rate=SAMPLE_RATE, layout="mono", **damage):
        path = tmp_path / name
        options = {"live": "1"} if damage.get("live") else {}
        with av.open(f"file:{path}", "w", options=options) as container:
            for _ in range(damage.get("empty", 0)):
                container.add_stream(codec, rate=rate, layout=layout)
            stream = container.add_stream(codec, rate=rate, layout=layout)
            for packet in _encoded(stream, np.atleast_2d(channels), rate, layout):
                if _damage(packet, damage.get("lost", (0, 0)), damage.get("jumps", ())):
                    container.mux(packet)
        return path

    return make


def _damage(packet, lost, jumps):
    """Move the packet's time by the jumps before it; false if it is to be dropped."""
    time = packet.pts * packet.time_base
    _shift(packet, sum(seconds for after, seconds in jumps if time > after))
    return not lost[0] < time < lost[1]


def _shift(packet, seconds):
    ticks = round(seconds / packet.time_base)
    packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks


def _encoded(stream, channels, rate, layout):
    frame = av.AudioFrame.from_ndarray(channels.astype(np.float32), "fltp", layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    yield from stream.encode(frame)
    yield from stream.encode(None)


@pytest.fixture
def film(tmp_path):
    """film(name, samples, delay, codec): 2 s of video; its sound, if any, comes `delay` s late."""

    def make(name, samples=None, delay=0.0, codec="mpeg4"):
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            video = container.add_stream(codec, rate=25, width=320, height=240)
            video.pix_fmt = "yuv420p"
            audio = None if samples is None else container.add_stream("aac", rate=SAMPLE_RATE)
            for index in range(50):
                frame = av.VideoFrame.from_ndarray(np.full((240, 320, 3), index, np.uint8))
                frame.pts, frame.time_base = index, Fraction(1, 25)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
            if audio is not None:
                for packet in _encoded(audio, np.stack([samples] * 2), SAMPLE_RATE, "stereo"):
                    _shift(packet, delay)
                    container.mux(packet)
        return path

    return make
