"""Fragments that play while they are made."""

import io
import os
import subprocess
import sys
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from base.errors import OutputError
from command.cli import main
from tests.media import make_sound, make_video
from video.fragments import check_fragments, streamed
from video.writer import Target
from video.yuv import ColorTags, Frame

ROOT = Path(__file__).parent.parent.parent


def moving(count, width=96, height=64):
    for number in range(count):
        picture = np.full((height, width, 3), 90, np.uint8)
        picture[:, number % width] = 250
        yield Frame.of_picture(picture)


class ElsewhereToo:
    """FFmpeg's frame, whose time is another thread's, which encodes it at the same moment."""

    def __init__(self, av_frame):
        object.__setattr__(self, "inner", av_frame)

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def __setattr__(self, name, value):
        raise AssertionError(f"{name} was changed")


def target(path, sound=None, fps=25):
    return Target(path, Fraction(fps), 96, 64, sound)


def fail(reason):
    raise AssertionError(reason)


def decoded(data):
    with av.open(io.BytesIO(data)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def test_what_is_written_so_far_plays(tmp_path):
    path = tmp_path / "stream.mp4"
    playable = []
    with closing(streamed(moving(50), target(path), ColorTags(), fail)) as frames:
        for _ in frames:
            playable.append(path.stat().st_size)
        parts = [part for part in np.unique(playable[:40]) if part > 0]
    data = path.read_bytes()
    counts = [len(decoded(data[:size])) for size in parts]
    assert len(counts) >= 5 and counts[0] <= 6 and counts == sorted(counts)
    written_at = [playable.index(size) + 1 for size in parts]
    assert all(there - count <= 6 for there, count in zip(written_at, counts, strict=True))


def test_every_frame_arrives_in_order_with_the_sound(tmp_path):
    sound = make_sound(tmp_path / "sound.wav", seconds=2)
    path = tmp_path / "stream.mp4"
    passed = list(streamed(moving(50), target(path, sound), ColorTags(), fail))
    assert len(passed) == 50
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        assert all(packet.pts == packet.dts for packet in packets)  # nothing waits for another
    frames = decoded(path.read_bytes())
    assert [int(frame[32].argmax()) for frame in frames] == list(range(50))
    with av.open(str(path)) as container:
        seconds = (
            sum(f.samples for f in container.decode(audio=0)) / container.streams.audio[0].rate
        )
    assert seconds == pytest.approx(2, abs=0.05)


def test_frames_go_on_when_the_reader_has_gone(tmp_path, monkeypatch):
    reader, writer = os.pipe()
    path = Path(f"/dev/fd/{writer}")
    told = []
    frames = streamed(moving(60), target(path), ColorTags(), told.append)
    next(frames)
    os.close(reader)
    os.close(writer)
    assert len(list(frames)) == 59
    assert told == [f"--stream {path}: its reader has gone"]


def test_nothing_unfinished_is_left(tmp_path):
    def broken():
        yield from moving(10)
        raise OutputError("the disk is full")

    path = tmp_path / "stream.mp4"
    with pytest.raises(OutputError, match="disk"):
        list(streamed(broken(), target(path), ColorTags(), fail))
    assert not path.exists()


def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path):
    with pytest.raises(OutputError, match="is a folder"):
        check_fragments(tmp_path)
    assert main(["--face", "a", "--audio", "b", "--stream", "-", "--progress", "json"]) == 2


def test_the_command_streams_to_standard_output_and_keeps_the_normal_file(tmp_path):
    face = make_video(tmp_path / "face.mkv", frames=20, size=(160, 120), codec="ffv1")
    sound = make_sound(tmp_path / "sound.wav", seconds=0.8)
    words = ["--face", face, "--audio", sound, "--outfile", tmp_path / "out.mp4"]
    words += ["--box", "20", "84", "40", "96", "--stream", "-"]
    command = [sys.executable, ROOT / "inference_fast.py", *words]
    run = subprocess.run([*map(str, command)], capture_output=True, check=True)
    kept = (tmp_path / "out.mp4").read_bytes()
    assert len(decoded(run.stdout)) == len(decoded(kept)) == 20
    assert b"moof" in run.stdout and b"moof" not in kept


def test_frames_that_are_encoded_elsewhere_too_are_not_changed(tmp_path):
    path = tmp_path / "stream.mp4"
    frames = (Frame(ElsewhereToo(frame.av_frame)) for frame in moving(3))
    assert len(list(streamed(frames, target(path), ColorTags(), fail))) == 3
    assert len(decoded(path.read_bytes())) == 3


def test_the_encoder_is_open_before_the_first_frame_is_asked_for(tmp_path):
    path = tmp_path / "stream.mp4"

    def none_yet():
        assert path.exists()
        raise OutputError("none")
        yield

    with pytest.raises(OutputError, match="none"):
        next(streamed(none_yet(), target(path), ColorTags(), fail))
    assert not path.exists()
