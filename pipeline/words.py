"""The words that are spoken in a sound, and the subtitles that they become."""

from dataclasses import replace
from fractions import Fraction

from base.locks import replace_file
from pipeline.report import after_the_video
from pipeline.settings import WordsSettings
from speech.track import SpokenWords, read_words
from video.text_track import LANGUAGES, TextTrack, TimedText


def words_of(settings: WordsSettings) -> SpokenWords:
    """The words of the track; none without one."""
    if settings.track is None:
        return SpokenWords()
    spoken = read_words(settings.track)
    return replace(spoken, language=spoken.language or settings.language)


def text_track(spoken: SpokenWords) -> TextTrack:
    """The subtitles as a track of a video."""
    from subtitles.cues import cues_of
    from subtitles.files import milliseconds

    texts = (
        TimedText(cue.text, *(Fraction(milliseconds(t), 1000) for t in (cue.start, cue.end)))
        for cue in cues_of(spoken.words)
    )
    return TextTrack(tuple(texts), LANGUAGES.get(spoken.language, LANGUAGES[""]))


def write_subtitles(settings: WordsSettings, spoken: SpokenWords, video: object) -> None:
    """Write the file of subtitles, if one is wanted, whole or not at all."""
    if settings.file is None:
        return
    from subtitles.cues import cues_of
    from subtitles.files import file_content

    with after_the_video(f"the subtitles {settings.file}", "name another --subtitles", video):
        replace_file(settings.file, file_content(cues_of(spoken.words), settings.file))
