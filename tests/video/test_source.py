"""Pictures and videos of every kind, also damaged ones, become frames at a constant rate."""

import gc
import os
import re
import socket
import subprocess
import sys
import weakref
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from base.errors import InputError, UsageError
from tests.media import (
    corners_of,
    make_cover_only,
    make_cut_off,
    make_damaged,
    make_empty,
    make_picture,
    make_sound,
    make_text,
    make_video,
    noise,
    number_of,
    numbered,
)
from tests.slow import rest_slow
from video.loops import LOOPS
from video.shape import Shape
from video.source import RANGE_FRAMES, open_source

STILL_FPS = Fraction(25)


def open_(path, shape=None, static=False):
    return open_source(path, shape or Shape(), STILL_FPS, static)


def numbers(frames):
    return [number_of(frame.picture()) for frame in frames]


def open_files():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture(autouse=True)
def no_file_left_open():
    before = open_files() if Path("/proc/self/fd").exists() else 0
    yield
    if before:
        assert open_files() == before


@pytest.mark.parametrize("rate", rest_slow(["24000/1001", "25", "30000/1001", "50", "12"], 2))
@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi", "ts"])
def test_a_constant_rate_stays_exactly_that(tmp_path, rate, ending):
    path = make_video(tmp_path / f"a.{ending}", frames=40, rate=Fraction(rate))
    source = open_(path)
    assert source.fps == Fraction(rate)
    assert numbers(source.frames()) == list(range(40))


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_variable_rate_is_shown_by_its_time_stamps(tmp_path, ending):
    """At its average rate, frames can be shown up to 850 ms too early or late."""
    times = [Fraction(0)]
    for index in range(29):
        times.append(times[-1] + Fraction(6 if index == 10 else 1 + index % 3 // 2, 30))
    source = open_(make_video(tmp_path / f"a.{ending}", pts=times, rate=30))
    assert source.fps == 30
    for k, number in enumerate(numbers(source.frames())):
        covering = [i for i, time in enumerate(times) if time <= Fraction(k, 30) + Fraction(1, 500)]
        assert number == covering[-1]
    assert k == round(times[-1] * 30)


def test_a_late_start_is_no_pause(tmp_path):
    path = make_video(tmp_path / "a.mkv", pts=[Fraction(30 + i, 30) for i in range(10)], rate=30)
    assert numbers(open_(path).frames()) == list(range(10))


def test_frames_out_of_order_in_a_file_without_times(tmp_path):
    options = {"qp": "10", "bf": "3", "x264-params": "b-adapt=0"}
    path = make_video(tmp_path / "a.avi", frames=40, options=options)
    assert numbers(open_(path).frames()) == list(range(40))


@pytest.mark.parametrize("pix_fmt", rest_slow(["yuv420p", "yuv422p", "yuv444p", "yuv420p10le"]))
@pytest.mark.parametrize(
    ("rotation", "flipped", "corners"),
    [
        (90, False, "gbyr"),
        (-90, False, "yrgb"),
        (180, False, "byrg"),
        (0, True, "gryb"),
        (90, True, "bgry"),
    ],
)
def test_rotation_metadata_is_honoured_once(tmp_path, rotation, flipped, corners, pix_fmt):
    path = make_video(tmp_path / "a.mp4", rotation=rotation, flipped=flipped, pix_fmt=pix_fmt)
    source = open_(path)
    assert (source.width, source.height) == ((48, 64) if rotation in (90, -90) else (64, 48))
    for frame in source.frames():
        assert (frame.width, frame.height) == (source.width, source.height)
        assert corners_of(frame.picture()) == corners


def test_rotate_comes_on_top_of_rotation_metadata(tmp_path):
    path = make_video(tmp_path / "a.mp4", rotation=-90)
    source = open_(path, Shape(rotate=True))
    assert (source.width, source.height) == (64, 48)
    assert corners_of(source.first.picture()) == "byrg"


def test_videos_are_shaped_like_stills(tmp_path):
    path = make_video(tmp_path / "a.mp4", size=(128, 96))
    source = open_(path, Shape(2, True, (4, 60, 10, 40)))
    assert {(frame.width, frame.height) for frame in source.frames()} == {(30, 56)}
    with pytest.raises(UsageError, match="crop 0 97 0 -1 is not inside the 128x96"):
        open_(path, Shape(crop=(0, 97, 0, -1)))


@pytest.mark.parametrize("ending", ["mkv", "avi"])
def test_odd_sizes_are_kept(tmp_path, ending):
    path = make_video(tmp_path / f"a.{ending}", size=(61, 47), codec="ffv1")
    source = open_(path)
    assert (source.width, source.height) == (61, 47)
    assert numbers(source.frames()) == list(range(10))


def test_tags_aspect_and_depth_are_kept(tmp_path):
    tags = {"colorspace": 9, "color_primaries": 9, "color_trc": 16, "color_range": 1}
    path = make_video(tmp_path / "a.mp4", pix_fmt="yuv420p10le", tags=tags, aspect=Fraction(4, 3))
    source = open_(path)
    assert (source.tags.matrix, source.tags.primaries, source.tags.transfer) == (9, 9, 16)
    assert source.first.layout.name == "yuv420p10le"
    assert source.first.aspect == Fraction(4, 3)
    assert open_(path, Shape(rotate=True)).first.aspect == Fraction(3, 4)


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "ending", "layout"),
    [
        ("libx265", "gbrp", "mp4", "yuv444p"),
        ("ffv1", "bgr0", "mkv", "yuv444p"),
        ("mjpeg", "yuvj422p", "mov", "yuv422p"),
        ("png", "rgb24", "mov", "yuv444p"),
        ("prores_ks", "yuv422p10le", "mov", "yuv422p10le"),
        ("libvpx-vp9", "yuv420p", "webm", "yuv420p"),
        ("mpeg4", "yuv420p", "avi", "yuv420p"),
        ("gif", "rgb8", "gif", "yuv444p"),
        ("rawvideo", "nv12", "nut", "yuv420p"),
        ("ffv1", "gray10le", "mkv", "gray10le"),
    ],
)
def test_any_codec_and_format(tmp_path, codec, pix_fmt, ending, layout):
    source = open_(make_video(tmp_path / f"a.{ending}", codec=codec, pix_fmt=pix_fmt, frames=6))
    frames = list(source.frames())
    assert numbers(frames) == list(range(6))
    assert {frame.layout.name for frame in frames} == {layout}


@pytest.mark.parametrize(
    "name",
    [
        *("two words.mp4", "$(touch x).mp4", ";rm -rf y.mp4", 'it\'s "q".mp4', "-i.mp4"),
        *("größe 漢字.mp4", "a:b.mp4", "http:evil.mp4", "concat:a|b.mp4", "%03d.mp4"),
        *("pipe:0.mp4", "*.mp4", "#?&.mp4"),
    ],
)
def test_a_name_is_only_ever_a_file(tmp_path, monkeypatch, name):
    """No shell splits or runs it, and FFmpeg takes it for no address or pattern."""
    monkeypatch.chdir(tmp_path)
    make_video(tmp_path / "plain.mp4").rename(tmp_path / name)
    assert numbers(open_(Path(name)).frames()) == list(range(10))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def refusal(path, **options):
    """The message of the InputError."""
    with pytest.raises(InputError) as caught:
        open_(path, **options)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert re.search("; (give|check|copy) ", message)
    return message


def test_what_cannot_be_read_is_one_line(tmp_path):
    video = make_video(tmp_path / "v.mp4")
    assert "no such file" in refusal(tmp_path / "nothing.mp4")
    assert "directory" in refusal(tmp_path)
    assert "empty" in refusal(make_empty(tmp_path / "empty.mp4"))
    assert "invalid data" in refusal(make_text(tmp_path / "text.mp4"))
    assert "cut off" in refusal(make_cut_off(tmp_path / "cut.mp4", video))
    assert "only sound" in refusal(make_sound(tmp_path / "sound.wav"))
    assert "only sound" in refusal(make_cover_only(tmp_path / "song.mp3"))
    assert "null" in refusal(Path("a\0b.mp4"))


def make_pipe(path):
    os.mkfifo(path)
    return path


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    return path


# in a process of its own, since opening a pipe would wait for ever
OPENING = """
import sys
from fractions import Fraction
from pathlib import Path

from base.errors import InputError
from video.shape import Shape
from video.source import open_source

try:
    open_source(Path(sys.argv[1]), Shape(), Fraction(25))
except InputError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with names")
@pytest.mark.parametrize("make", [make_pipe, make_socket])
def test_a_pipe_or_socket_is_not_waited_for(tmp_path, make):
    path = make(tmp_path / "a.mp4")
    ran = subprocess.run(
        [sys.executable, "-c", OPENING, str(path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    assert ran.stdout.startswith(f"{path}: not a regular file; save it to a file first")
    assert ran.stdout.count("\n") == 1


def test_a_playlist_opens_no_other_file(tmp_path):
    make_video(tmp_path / "v.mp4")
    playlist = tmp_path / "list.mp4"
    playlist.write_text("ffconcat version 1.0\nfile v.mp4\n")
    assert "list" in refusal(playlist)


def test_a_video_without_frames(tmp_path):
    path = tmp_path / "a.mp4"
    whole = make_video(tmp_path / "whole.mp4", frames=4, draw=noise)
    make_damaged(path, whole, range(4))
    assert "no frame" in refusal(path)


def test_a_cut_off_file_gives_what_is_there(tmp_path):
    whole = make_video(tmp_path / "whole.mkv", frames=60)
    source = open_(make_cut_off(tmp_path / "cut.mkv", whole, 0.6))
    shown = numbers(source.frames())
    assert 10 < len(shown) < 60
    assert shown == list(range(len(shown)))


def boxes_of(data):
    """Where each box of an MP4 begins, by its kind; the last of a kind counts."""
    starts, start = {}, 0
    while start < len(data):
        starts[data[start + 4 : start + 8]] = start
        start += int.from_bytes(data[start : start + 4], "big")
    return starts


@pytest.mark.parametrize("muxing", [{}, {"movflags": "+faststart"}])
def test_a_cut_off_mp4_says_so(tmp_path, muxing):
    """Wherever it is cut, but for a few bytes behind all that is needed."""
    whole = tmp_path / "whole.mp4"
    make_video(whole, frames=60, sound=True, muxing=muxing)
    data, path = whole.read_bytes(), tmp_path / "cut.mp4"
    starts = boxes_of(data)
    last = max(starts[b"moov"], starts[b"mdat"])
    for size in (40, last // 2, last - 1, last + 1, last + 9, (last + len(data)) // 2):
        path.write_bytes(data[:size])
        assert re.search("cut off|no frame", refusal(path))
    path.write_bytes(data[: starts[b"mdat"]])
    assert re.search("index|no frame", refusal(path))
    path.write_bytes(data[: len(data) - 1])
    assert "; copy or download it again" in refusal(path)


def test_a_recording_that_was_never_finished_has_no_index(tmp_path):
    whole = make_video(tmp_path / "whole.mp4", frames=60).read_bytes()
    path = tmp_path / "a.mp4"
    path.write_bytes(whole[: boxes_of(whole)[b"moov"]])
    assert f"{path}: it is cut off, or was never finished: its index (moov" in refusal(path)


def test_of_a_cut_off_recording_in_fragments_what_is_there_is_used(tmp_path):
    whole = make_video(
        tmp_path / "whole.mp4", frames=60, draw=noise, muxing={"movflags": "frag_every_frame"}
    )
    shown = list(open_(make_cut_off(tmp_path / "cut.mp4", whole, 0.6)).frames())
    assert 20 < len(shown) < 50


def test_frames_with_facts_that_pyav_does_not_know_are_turned_all_the_same(tmp_path):
    """A camera's JPEGs have an EXIF block, for which PyAV has no name."""
    path = tmp_path / "a.mov"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuvj420p"
        output.start_encoding()
        for index in range(3):
            picture = make_picture(tmp_path / "a.jpg", numbered(index, 96, 64), ".jpg", 6)
            packet = av.Packet(picture.read_bytes())
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = index
            packet.duration, packet.is_keyframe = 1, True
            output.mux(packet)
    source = open_(path)
    assert (source.width, source.height) == (64, 96)
    assert {corners_of(frame.picture()) for frame in source.frames()} == {"yrgb"}


def test_damaged_packets_are_skipped_and_the_last_good_frame_held(tmp_path):
    whole = make_video(tmp_path / "whole.mov", frames=12, codec="mjpeg", pix_fmt="yuvj420p")
    source = open_(make_damaged(tmp_path / "damaged.mov", whole, [5, 6]))
    assert numbers(source.frames()) == [0, 1, 2, 3, 4, 4, 4, 7, 8, 9, 10, 11]


def test_a_stream_that_begins_late_does_not_end_the_reading(tmp_path):
    """PyAV can raise an IndexError where FFmpeg finds another stream midway."""
    long = {"size": (160, 120), "codec": "mpeg2video", "options": {"b": "8000k"}, "draw": noise}
    mute = make_video(tmp_path / "mute.ts", frames=200, **long).read_bytes()
    loud = make_video(tmp_path / "loud.ts", frames=10, sound=True, **long).read_bytes()
    path = tmp_path / "live.ts"
    path.write_bytes(mute + loud + mute)
    assert 400 <= len(list(open_(path).frames())) <= 425


def test_static_takes_the_first_frame_of_a_video(tmp_path):
    source = open_(make_video(tmp_path / "a.mp4", rate=50), static=True)
    assert (source.still, source.fps) == (True, 50)  # the video's own rate
    assert numbers(source.frames()) == [0]
    assert numbers(frame for _, frame in source.looped(3, "repeat")) == [0, 0, 0]


def test_facts(tmp_path):
    silent = open_(make_video(tmp_path / "a.mp4", frames=30))
    assert (silent.still, silent.has_sound, silent.estimated_frames) == (False, False, 30)
    assert open_(make_video(tmp_path / "b.mp4", frames=30, sound=True)).has_sound


INDICES = {
    "repeat": [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1],
    "pingpong": [0, 1, 2, 3, 4, 3, 2, 1, 0, 1, 2, 3],
    "freeze": [0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4],
}


@pytest.mark.parametrize("loop", LOOPS)
def test_loops(tmp_path, loop):
    source = open_(make_video(tmp_path / "a.mp4", frames=5))
    for count in (0, 3, 5, 12):
        steps = list(source.looped(count, loop))
        assert [index for index, _ in steps] == INDICES[loop][:count]
        assert numbers(frame for _, frame in steps) == INDICES[loop][:count]


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("loop", LOOPS)
def test_loops_of_one_or_two_frames(tmp_path, loop, frames):
    source = open_(make_video(tmp_path / "a.mp4", frames=frames))
    indices = [index for index, _ in source.looped(5, loop)]
    freeze = [0, 1, 1, 1, 1]
    assert indices == ([0] * 5 if frames == 1 else freeze if loop == "freeze" else [0, 1, 0, 1, 0])


@pytest.mark.parametrize(
    ("ending", "options"),
    rest_slow(
        [
            ("mp4", {"g": "50", "bf": "3"}),
            ("mkv", {"g": "250"}),
            ("ts", {"g": "40", "bf": "2"}),
            ("avi", {"g": "30", "bf": "2"}),
            ("h264", {"g": "30"}),
        ],
        2,
    ),
)
def test_pingpong_gives_the_same_frames_backward(tmp_path, ending, options):
    count = 2 * RANGE_FRAMES + 30
    path = make_video(tmp_path / f"a.{ending}", frames=count, options=options)
    source = open_(path)
    forward = [[plane.copy() for plane in frame.planes()] for frame in source.frames()]
    assert len(forward) == count
    steps = source.looped(2 * count, "pingpong")
    indices = []
    for index, frame in steps:
        indices.append(index)
        assert all(map(np.array_equal, frame.planes(), forward[index]))
    assert indices == [*range(count), *range(count - 2, 0, -1), 0, 1]


def test_pingpong_of_a_variable_rate(tmp_path):
    times = [Fraction(i, 30) + Fraction((i + 9) // 10, 3) for i in range(100)]
    source = open_(make_video(tmp_path / "a.mp4", pts=times, rate=30, options={"g": "10"}))
    forward = numbers(source.frames())
    count = len(forward)
    assert count > 2 * RANGE_FRAMES
    assert forward != list(range(count))
    for index, frame in source.looped(2 * count - 2, "pingpong"):
        assert number_of(frame.picture()) == forward[index]


@pytest.mark.parametrize("loop", ["repeat", "freeze", None])
def test_frames_stream(tmp_path, loop):
    """A video is never decoded into memory as a whole."""
    source = open_(make_video(tmp_path / "a.mp4", frames=80))
    alive = weakref.WeakSet()
    most = 0
    steps = source.frames() if loop is None else (frame for _, frame in source.looped(200, loop))
    for frame in steps:
        alive.add(frame)
        gc.collect(0)
        most = max(most, len(alive))
    assert most <= 4


def test_pingpong_keeps_a_bounded_number_of_frames(tmp_path):
    """Running backward needs frames in memory, but not all of them."""
    source = open_(make_video(tmp_path / "a.mp4", frames=3 * RANGE_FRAMES))
    alive = weakref.WeakSet()
    most = 0
    for _, frame in source.looped(6 * RANGE_FRAMES, "pingpong"):
        alive.add(frame)
        most = max(most, len(alive))
    assert most <= RANGE_FRAMES + 4


@pytest.mark.parametrize("loop", LOOPS)
def test_stopping_early_leaves_no_file_open(tmp_path, loop):
    source = open_(make_video(tmp_path / "a.mp4", frames=100))
    before = open_files()
    for stop_at in (1, 99, 101, 150):
        steps = source.looped(400, loop)
        for _ in range(stop_at):
            next(steps)
        steps.close()
        assert open_files() == before
    frames = source.frames()
    next(frames)
    assert open_files() == before + 1
    frames.close()
    assert open_files() == before


def test_frames_of_a_loop_are_of_one_size_when_the_file_changes_it(tmp_path):
    small, large = tmp_path / "small.h264", tmp_path / "large.h264"
    make_video(small, frames=3, size=(64, 48))
    make_video(large, frames=3, size=(128, 96))
    both = tmp_path / "both.h264"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    sizes = [(frame.width, frame.height) for frame in open_(both).frames()]
    assert sizes == [(64, 48)] * 6


def test_numbers_can_be_read_back():
    assert [number_of(numbered(n)) for n in range(1024)] == list(range(1024))
