"""A sound that is longer than allowed, whatever its header says."""

import struct

import numpy as np
import pytest

from audio import load as room
from audio.load import SAMPLE_RATE, load
from base.errors import InputError
from tests.media import make_paused, make_sound


def test_as_long_as_allowed(tmp_path):
    path = make_sound(tmp_path / "a.wav", 2.0, rate=16_000, channels=1)
    assert load(path, 2.0).duration == load(path, 0).duration == 2
    with pytest.raises(InputError, match=r"--max_seconds 1\.9") as caught:
        load(path, 1.9)
    assert caught.value.exit_code == 3


def test_reading_stops_at_the_limit(tmp_path, monkeypatch):
    """Its header says nothing of the length."""
    path = make_sound(tmp_path / "a.mp3", 20.0)
    monkeypatch.setattr(room, "_SMALLEST", 1e9)
    read = []
    mixed = room._mixed
    monkeypatch.setattr(room, "_mixed", lambda frame: read.append(frame.samples) or mixed(frame))
    with pytest.raises(InputError, match="max_seconds"):
        load(path, 1)
    assert sum(read) < 2 * SAMPLE_RATE


def test_a_header_that_lies_is_not_believed(tmp_path):
    """One second that says it is a day and a half; a file that could be so long is not read."""
    data = bytearray(make_sound(tmp_path / "a.wav", 1.0, rate=16_000, channels=1).read_bytes())
    place = data.index(b"data") + 4
    data[place : place + 4] = struct.pack("<I", 0xF0000000)
    (tmp_path / "lie.wav").write_bytes(data)
    assert load(tmp_path / "lie.wav", 10).duration == 1


def test_a_long_file_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = make_sound(tmp_path / "a.wav", 3.0)
    monkeypatch.setattr(room, "_read_stream", lambda *_: pytest.fail("it is read"))
    with pytest.raises(InputError, match="max_seconds"):
        load(path, 1)


def test_a_pause_without_measure(tmp_path):
    """Two seconds of sound with a day between them take no memory for a day."""
    path = make_paused(tmp_path / "a.mkv", gap=86_400)
    made = []
    zeros = np.zeros

    def counted(size, *how):
        made.append(size)
        return zeros(size, *how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audio.load.np.zeros", counted)
        with pytest.raises(InputError, match="max_seconds"):
            load(path, 100)
    assert 0 < sum(made) <= 180 * SAMPLE_RATE
