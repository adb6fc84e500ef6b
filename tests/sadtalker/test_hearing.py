"""Windows of mel, 25 a second, as the original cuts them."""

import json
from pathlib import Path

import numpy as np
import pytest

from audio.load import Sound
from sadtalker.hearing import Hearing, window_start

LENGTHS = json.loads((Path(__file__).parent / "data" / "glue.json").read_text())["mel_windows"]


def noise(samples):
    return Sound(np.random.default_rng(3).normal(0, 0.1, samples).astype(np.float32))


def test_windows_start_where_the_originals_do(facts):
    starts = facts["mel_window_starts_1s_plus"]
    assert [window_start(frame) for frame in range(len(starts))] == starts
    assert starts[:2] == [-6, -3]  # cut towards zero, not down


@pytest.mark.parametrize("samples", [key for key in LENGTHS if LENGTHS[key]["num_frames"]])
def test_the_ends_repeat_their_outermost_columns(samples):
    case, hearing = LENGTHS[samples], Hearing.of(noise(int(samples)))
    assert (hearing.frames, hearing.mel.shape[1]) == (case["num_frames"], case["mel_columns"])
    windows = hearing.windows(0, hearing.frames)
    assert windows.shape == (hearing.frames, 80, 16) and windows.dtype == np.float32
    frames = [*range(min(4, hearing.frames)), hearing.frames - 2, hearing.frames - 1]
    for frame, columns in zip(frames, case["columns_first4_last2"], strict=False):
        assert np.array_equal(windows[frame], hearing.mel[:, columns])


def test_the_sound_is_cut_to_whole_frames(facts):
    for samples, kept in facts["cropped"].items():
        if kept:
            hearing = Hearing.of(noise(int(samples)))
            assert hearing.frames * 640 == kept and hearing.mel.shape[1] == 1 + kept // 200


@pytest.mark.parametrize("samples", [1, 639, 640])
def test_the_shortest_sound_is_one_frame(samples):
    hearing = Hearing.of(noise(samples))
    assert hearing.frames == 1
    assert np.isfinite(hearing.windows(0, 1)).all()


def test_windows_of_a_part_are_those_of_the_whole():
    hearing = Hearing.of(noise(48_123))
    assert np.array_equal(hearing.windows(0, 75)[20:31], hearing.windows(20, 31))
