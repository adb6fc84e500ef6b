"""Whether the flags for subtitles and their words go together."""

from pathlib import Path
from typing import Protocol

from base.errors import UsageError
from subtitles.endings import check_ending

SOURCES = ("text", "text_file", "transcript", "transcribe")  # of words and their times


class SubtitleFlags(Protocol):
    """Those of a run's options that are looked at here."""

    @property
    def outfile(self) -> Path: ...
    @property
    def subtitles(self) -> Path | None: ...
    @property
    def subtitle_track(self) -> bool: ...
    @property
    def burn_subtitles(self) -> bool: ...


def wants_subtitles(options: SubtitleFlags) -> bool:
    return options.subtitles is not None or options.subtitle_track or options.burn_subtitles


def has_words(options: SubtitleFlags) -> bool:
    """Whether it is known what is spoken, and when."""
    return bool(_sources(options))


def check_subtitles(options: SubtitleFlags) -> None:
    """UsageError for subtitles without words, in a file of no known kind, or words from two."""
    sources = _sources(options)
    if len(sources) > 1:
        raise UsageError(f"{' and '.join(sources)}: give one of them")
    if wants_subtitles(options) and not sources:
        raise UsageError(
            "subtitles need the words: give --text, --transcript FILE, or --transcribe to hear them"
        )
    if options.subtitles is not None:
        check_ending(options.subtitles)
    if options.subtitle_track:
        from video.text_track import check_takes_texts  # --help need not wait for FFmpeg

        check_takes_texts(options.outfile, "--subtitle_track")


def _sources(options: SubtitleFlags) -> list[str]:
    """The flags that the words come from."""
    return [f"--{name}" for name in SOURCES if getattr(options, name, None) is not None]
