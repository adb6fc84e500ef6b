"""Sound of every shape through the whole command: a result, or one line."""

import wave

import av
import numpy as np
import pytest

from command.cli import main
from faces.detectors import DETECTORS
from tests.media import make_cover_only, make_paused, make_picture, make_sound, numbered, tone
from tests.readback import frames_of
from tests.seers import Blind


@pytest.fixture
def spoken(tmp_path, monkeypatch, capfd):
    """Exit code, lines, frames of the result."""
    monkeypatch.setitem(DETECTORS, "mtcnn", lambda settings: Blind())
    face = make_picture(tmp_path / "face.png", numbered(1), ".png")

    def run(sound):
        out = tmp_path / "out.mp4"
        words = [f"--face={face}", f"--audio={sound}", f"--outfile={out}", "--engine=puppet"]
        code = main([*words, "--preset=ultrafast", "--box", "10", "44", "10", "54"])
        return code, capfd.readouterr().err.splitlines(), frames_of(out) if code == 0 else []

    return run


SHAPES = {  # name -> codec, rate, channels, samples of one channel
    "one sample": ("pcm_s16le", 16_000, 1, np.full(1, 0.5)),
    "eight bits": ("pcm_u8", 8_000, 1, None),
    "doubles": ("pcm_f64le", 48_000, 2, None),
    "192 kHz": ("pcm_s24le", 192_000, 2, None),
    "4 kHz": ("pcm_s16le", 4_000, 1, None),
    "5.1": ("pcm_s16le", 48_000, 6, None),
    "a constant": ("pcm_f32le", 16_000, 1, np.ones(3200)),
    "silence": ("pcm_s16le", 16_000, 1, np.zeros(3200)),
    "clipped": ("pcm_f32le", 16_000, 1, np.tile([9.0, -9.0], 1600)),
    "numbers next to nothing": ("pcm_f32le", 16_000, 1, np.full(3200, 1e-40)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sound_of_any_shape_speaks(spoken, tmp_path, shape):
    codec, rate, channels, samples = SHAPES[shape]
    if samples is None:
        samples = tone(0.2, rate, 1)[0]
    given = np.tile(samples.astype(np.float32), (channels, 1))
    code, lines, frames = spoken(
        make_sound(tmp_path / "sound.wav", rate=rate, samples=given, codec=codec)
    )
    assert code == 0, lines
    assert len(lines) == 1
    assert len(frames) == max(1, -(-len(samples) * 25 // rate))


@pytest.mark.parametrize("channels", [8, 24])
def test_many_channels_speak(spoken, tmp_path, channels):
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * channels * 1600))
    code, lines, frames = spoken(path)
    assert (code, len(frames)) == (0, 3), lines


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_what_is_no_number_is_one_line(spoken, tmp_path, value):
    samples = tone(0.2, 16_000, 1)
    samples[0, 9] = value
    path = make_sound(tmp_path / "sound.wav", rate=16_000, samples=samples, codec="pcm_f32le")
    code, lines, _ = spoken(path)
    assert code == 3 and len(lines) == 1


@pytest.mark.parametrize("samples", [0, 1])
def test_less_than_a_sample_of_ours_is_one_line(spoken, tmp_path, samples):
    given = np.ones((1, samples), np.float32)
    path = make_sound(tmp_path / "s.wav", rate=192_000, samples=given)
    code, lines, _ = spoken(path)
    assert code == 3 and len(lines) == 1


def test_a_cover_beside_the_sound_is_no_matter(spoken, tmp_path):
    code, lines, frames = spoken(make_cover_only(tmp_path / "song.mp3"))
    assert code == 0 and len(frames) >= 13, lines


def test_a_gap_in_the_time_stamps_is_as_long_in_the_result(spoken, tmp_path):
    code, lines, frames = spoken(make_paused(tmp_path / "call.mka", gap=1))
    assert (code, len(frames)) == (0, 75), lines


def test_time_stamps_below_zero_begin_at_the_first_sample(spoken, tmp_path):
    whole, path = make_sound(tmp_path / "whole.wav", 0.4, 48_000), tmp_path / "early.mkv"
    with (
        av.open(str(whole)) as source,
        av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as made,
    ):
        stream = made.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.pts, packet.dts = packet.pts - 9600, packet.dts - 9600
                packet.stream = stream
                made.mux(packet)
    code, lines, frames = spoken(path)
    assert (code, len(frames)) == (0, 10), lines
