"""Subtitles in a track of their own are what FFmpeg's demuxer and decoder read back."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from base.errors import UsageError
from tests.media import make_sound, numbered
from video.sound import CONTAINERS
from video.text_track import TextTrack, TimedText, check_takes_texts
from video.writer import Target, write_video
from video.yuv import Frame

SECONDS = 3
TEXTS = (
    TimedText("Hello, world.", Fraction(1, 5), Fraction(9, 10)),
    TimedText("שלום\nsecond line & more", Fraction(9, 10), Fraction(2)),
    TimedText("beyond the end", Fraction(5, 2), Fraction(9)),
    TimedText("never seen", Fraction(10), Fraction(11)),
)
WITH_TRACK = [end for end, container in CONTAINERS.items() if container.text_codec]


def written(path, sound=None, texts=TEXTS):
    frames = (Frame.of_picture(numbered(i)) for i in range(25 * SECONDS))
    track = TextTrack(texts, "eng")
    return write_video(frames, Target(path, Fraction(25), 64, 48, sound, texts=track)).path


def texts_of(path):
    """(text, start, end) of each packet that holds a text."""
    found = []
    with av.open(str(path)) as video:
        stream = video.streams.subtitles[0]
        for packet in video.demux(stream):
            dialogues = [text.dialogue.decode() for text in packet.decode()] if packet.size else []
            if any(dialogues):
                start = float(packet.pts * packet.time_base)
                found.append((*dialogues, start, start + float(packet.duration * packet.time_base)))
    return found


@pytest.mark.parametrize("ending", WITH_TRACK)
def test_a_track_is_read_back_as_it_was(ending, tmp_path):
    sound = make_sound(tmp_path / "tone.wav", SECONDS)
    path = written(tmp_path / f"out{ending}", sound)
    expected = [(text.text, float(text.start), float(text.end)) for text in TEXTS[:2]]
    assert texts_of(path) == [
        *((text, pytest.approx(start), pytest.approx(end)) for text, start, end in expected),
        ("beyond the end", pytest.approx(2.5), pytest.approx(SECONDS)),
    ]


@pytest.mark.parametrize("ending", WITH_TRACK)
def test_players_show_it_and_know_its_language(ending, tmp_path):
    with av.open(str(written(tmp_path / f"out{ending}"))) as video:
        stream = video.streams.subtitles[0]
        assert stream.metadata["language"] == "eng"
        assert av.stream.Disposition.default in stream.disposition
        assert video.duration == pytest.approx(SECONDS * av.time_base, rel=0.02)


def test_a_track_without_texts_is_a_track(tmp_path):
    assert texts_of(written(tmp_path / "out.mp4", texts=())) == []


def test_an_mp4_says_how_its_texts_look(tmp_path):
    """Players that know no default refuse a track without a description."""
    with av.open(str(written(tmp_path / "out.mp4"))) as video:
        assert b"Arial" in video.streams.subtitles[0].codec_context.extradata


def test_an_avi_has_no_track(tmp_path):
    with pytest.raises(UsageError, match=r"--subtitle_track in out\.avi.*give \.mp4"):
        check_takes_texts(Path("out.avi"), "--subtitle_track")
    with pytest.raises(UsageError, match="no track"):
        written(tmp_path / "out.avi")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("times", [(1, 1), (2, 1), (-1, 1)])
def test_a_text_that_is_never_seen_is_refused(times):
    with pytest.raises(ValueError, match="never seen"):
        TimedText("x", *map(Fraction, times))


def test_two_texts_at_once_are_refused():
    with pytest.raises(ValueError, match="at once"):
        TextTrack((TEXTS[1], TEXTS[0]))
