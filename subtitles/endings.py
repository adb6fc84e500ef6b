"""The kinds of files with subtitles, by their ending."""

from pathlib import Path

from base.errors import UsageError

FORMATS = {".srt": "srt", ".vtt": "vtt"}  # pysubs2's names


def check_ending(path: Path, flag: str = "--subtitles") -> None:
    """UsageError for an ending that says no known kind."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{flag} {path}: the name ends in {' or '.join(FORMATS)}")
