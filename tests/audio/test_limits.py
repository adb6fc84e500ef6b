"""A sound longer than allowed is refused, whatever its header says."""

import struct

import numpy as np
import pytest

from audio import load
from audio.load import SAMPLE_RATE, load_sound
from base.errors import InputError
from tests.media import make_paused, make_sound


def test_as_long_as_allowed(tmp_path):
    path = make_sound(tmp_path / "a.wav", 2.0, rate=16_000, channels=1)
    assert load_sound(path, 2.0).duration == load_sound(path, 0).duration == 2
    with pytest.raises(InputError, match=r"--max_seconds 1\.9") as caught:
        load_sound(path, 1.9)
    assert caught.value.exit_code == 3


def test_reading_stops_at_the_limit(tmp_path, monkeypatch):
    """As if the header did not state the duration."""
    path = make_sound(tmp_path / "a.mp3", 20.0)
    monkeypatch.setattr(load, "_MIN_BYTES_PER_SECOND", 1e9)
    read = []
    to_mono = load._to_mono

    def counted(frame):
        read.append(frame.samples)
        return to_mono(frame)

    monkeypatch.setattr(load, "_to_mono", counted)
    with pytest.raises(InputError, match="max_seconds"):
        load_sound(path, 1)
    assert sum(read) < 2 * SAMPLE_RATE


def test_a_header_that_lies_is_not_believed(tmp_path):
    """One second whose header says that it is a day and a half."""
    data = bytearray(make_sound(tmp_path / "a.wav", 1.0, rate=16_000, channels=1).read_bytes())
    length = data.index(b"data") + 4
    data[length : length + 4] = struct.pack("<I", 0xF0000000)
    (tmp_path / "lie.wav").write_bytes(data)
    assert load_sound(tmp_path / "lie.wav", 10).duration == 1


def test_a_long_file_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = make_sound(tmp_path / "a.wav", 3.0)
    monkeypatch.setattr(load, "_read_stream", lambda *_: pytest.fail("the file is read"))
    with pytest.raises(InputError, match="max_seconds"):
        load_sound(path, 1)


def test_an_endless_pause(tmp_path):
    """Two seconds of sound with a day between them do not take the memory of a day."""
    path = make_paused(tmp_path / "a.mkv", gap=86_400)
    sizes = []
    zeros = np.zeros

    def counted(size, *args):
        sizes.append(size)
        return zeros(size, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audio.load.np.zeros", counted)
        with pytest.raises(InputError, match="max_seconds"):
            load_sound(path, 100)
    assert 0 < sum(sizes) <= 180 * SAMPLE_RATE
