"""Motion templates are read as numbers; nothing in them is run."""

import os
import pickle
from contextlib import suppress
from fractions import Fraction

import numpy as np
import pytest

from base.errors import InputError
from liveportrait.geometry import rotation_of
from liveportrait.template import read_template


def content(frames=3, **more):
    rng = np.random.default_rng(0)
    motion = [
        {
            "scale": np.array([[1.25]], np.float32),
            "R": rotation_of(0, 10 * i, 0).T[None],
            "exp": rng.normal(0, 0.1, (1, 21, 3)).astype(np.float32),
            "t": np.array([[0.1, 0.2, 0.0]], np.float32),
            "kp": rng.normal(size=(1, 21, 3)).astype(np.float32),
        }
        for i in range(frames)
    ]
    closed = [np.array([[0.3, 0.4]], np.float32)] * frames
    facts = {"n_frames": frames, "output_fps": 30, "motion": motion, "c_eyes_lst": closed}
    return {**facts, "c_lip_lst": [np.float32(0.1)] * frames, **more}


def saved(tmp_path, value, protocol=4):
    path = tmp_path / "motion.pkl"
    path.write_bytes(pickle.dumps(value, protocol))
    return path


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_a_template_is_read(tmp_path, protocol):
    given = content()
    driving = read_template(saved(tmp_path, given, protocol))
    assert driving.fps == 30 and len(driving.poses) == 3
    for i, (pose, motion) in enumerate(zip(driving.poses, given["motion"], strict=True)):
        assert np.array_equal(pose.expression, motion["exp"][0])
        assert np.abs(pose.rotation - rotation_of(0, 10 * i, 0)).max() < 1e-7
        assert pose.scale == 1.25 and np.array_equal(pose.translation, motion["t"][0])


def test_older_names_and_rates(tmp_path):
    given = content(1, output_fps=np.float64(29.97))
    given["motion"][0]["R_d"] = given["motion"][0].pop("R")
    assert read_template(saved(tmp_path, given)).fps == Fraction("29.97")


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("never",)


def other_files():
    without = content()
    del without["motion"][1]["exp"]
    yield without
    yield content(0)
    yield [1, 2, 3]
    turned = content()
    turned["motion"][0]["R"] = np.zeros((1, 2, 2), np.float32)
    yield turned
    infinite = content()
    infinite["motion"][0]["t"][0, 0] = np.nan
    yield infinite
    flat = content()
    flat["motion"][0]["scale"] = np.zeros((1, 1), np.float32)
    yield flat
    yield content(output_fps=0)


@pytest.mark.parametrize("number", range(7))
def test_what_is_no_template_is_refused_in_a_line(tmp_path, number):
    path = saved(tmp_path, list(other_files())[number])
    with pytest.raises(InputError, match=r"motion\.pkl: is no motion template") as refused:
        read_template(path)
    assert "\n" not in str(refused.value)


def test_nothing_is_run(tmp_path):
    path = saved(tmp_path, {**content(), "more": Bomb()})
    with pytest.raises(InputError, match=r"would run posix\.mkdir"):
        read_template(path)


def test_a_template_cut_off_anywhere_is_refused(tmp_path):
    path = saved(tmp_path, content(1))
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError):
            read_template(path)


def test_random_bytes_are_refused(tmp_path):
    rng, path = np.random.default_rng(0), saved(tmp_path, content(1))
    whole = bytearray(path.read_bytes())
    for _ in range(300):
        damaged = whole.copy()
        damaged[rng.integers(len(whole))] = rng.integers(256)
        path.write_bytes(damaged)
        with suppress(InputError):
            read_template(path)


def test_a_missing_template_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.pkl"):
        read_template(tmp_path / "none.pkl")
