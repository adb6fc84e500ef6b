"""What is written is read back by another library, with the same words and times."""

from itertools import pairwise
from pathlib import Path

import pytest
import webvtt

from base.errors import UsageError
from subtitles.cues import cues_of
from subtitles.endings import check_ending
from subtitles.files import as_webvtt, file_content
from tests.subtitles.spoken import CHINESE, SPEECH, spoken

READERS = {".srt": webvtt.from_srt, ".vtt": webvtt.read}
TEXTS = (SPEECH, CHINESE, "R&D is <b>bold</b> --> and {\\an8}here", "1 2\n3 4", "שלום לכם")


@pytest.mark.parametrize("ending", READERS)
@pytest.mark.parametrize("text", TEXTS)
def test_another_library_reads_the_same(ending, text, tmp_path):
    cues = cues_of(spoken(text))
    path = tmp_path / f"words{ending}"
    path.write_bytes(file_content(cues, path))
    captions = list(READERS[ending](str(path)))
    unescaped = [caption.text.replace("&amp;", "&") for caption in captions]
    assert unescaped == [cue.text for cue in cues]
    for caption, cue in zip(captions, cues, strict=True):
        assert seconds(caption.start) == pytest.approx(cue.start, abs=0.001)
        assert seconds(caption.end) == pytest.approx(cue.end, abs=0.001)
    assert all(seconds(a.end) <= seconds(b.start) for a, b in pairwise(captions))


@pytest.mark.parametrize("text", TEXTS)
def test_subrip_becomes_the_webvtt_that_is_written_at_once(text):
    cues = cues_of(spoken(text))
    subrip = file_content(cues, Path("words.srt"))
    assert as_webvtt(subrip) == file_content(cues, Path("words.vtt"))


def seconds(stamp):
    hours, minutes, rest = stamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest.replace(",", "."))


def test_only_webvtt_writes_ampersands_as_entities():
    cues = cues_of(spoken("R&D"))
    assert b"R&amp;D" in file_content(cues, Path("a.vtt"))
    assert b"R&D" in file_content(cues, Path("a.srt"))


@pytest.mark.parametrize("name", ("words", "words.ass", "words.srt.txt"))
def test_an_unknown_ending_is_refused(name):
    with pytest.raises(UsageError, match=r"ends in \.srt or \.vtt"):
        check_ending(Path(name))


def test_capital_endings_are_known():
    check_ending(Path("WORDS.SRT"))
    assert file_content((), Path("WORDS.VTT")) == b"WEBVTT\n\n"
