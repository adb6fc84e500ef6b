"""The story command's flags, and the options that they are parsed to."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from base.errors import UsageError
from batch.flags import parser as batch_parser
from options.flag_values import parse_path
from options.options import OUTFILE, Options
from subtitles.endings import check_ending

DESCRIPTION = """Make one video of a script of scenes in Markdown. Every flag of inference_fast.py
is the default for all scenes."""
OF_THE_BATCH = ("workers", "crew", "cluster", "retry", "timeout", "progress")
OF_NO_STORY = ("audio", "text", "text_file", "transcript", "transcribe", "demo", "check", "stream")


@dataclass(frozen=True)
class StoryOptions:
    """The story that the user asks for."""

    script: Path
    outfile: Path
    defaults: Mapping[str, Any]  # values of Options, for every scene
    batch: tuple[str, ...] = ()  # flags of the batch that makes the scenes
    subtitles: Path | None = None
    dry_run: bool = False
    keep_scenes: bool = False

    def __post_init__(self) -> None:
        if self.subtitles is not None:
            check_ending(self.subtitles)
        if self.defaults["subtitle_track"]:
            from video.text_track import check_takes_texts  # --help need not wait for FFmpeg

            check_takes_texts(self.outfile, "--subtitle_track")
        for name in OF_NO_STORY:
            if self.defaults.get(name) not in (None, False):
                raise UsageError(f"--{name} is no story's: the script says what is spoken")

    @property
    def folder(self) -> Path:
        """Where the scenes are until they are joined, so that a stopped story goes on."""
        return self.outfile.parent / f"{self.outfile.name}.scenes"


def parse_story_options(argv: Sequence[str]) -> StoryOptions:
    values = vars(parser().parse_args(argv))
    defaults = {option.name: values[option.name] for option in fields(Options)}
    defaults = {n: tuple(v) if isinstance(v, list) else v for n, v in defaults.items()}
    outfile = values["out"] or defaults["outfile"]
    if outfile == OUTFILE:
        raise UsageError("--out is missing: name the video to write")
    given = ((name, values[name]) for name in OF_THE_BATCH)
    return StoryOptions(
        script=values["script"],
        outfile=outfile,
        defaults=defaults,
        batch=tuple(f"--{name}={value}" for name, value in given if value not in (None, 0)),
        subtitles=defaults["subtitles"],
        dry_run=values["dry_run"],
        keep_scenes=values["keep_scenes"],
    )


def parser() -> argparse.ArgumentParser:
    """The batch's parser with the flags of a story."""
    parser = batch_parser()
    parser.description = DESCRIPTION
    add = parser.add_argument_group("story").add_argument
    add("script", type=parse_path, help="scenes in Markdown: docs/stories.md")
    add("--out", type=parse_path, metavar="FILE", help="the video to write")
    add("--keep_scenes", action="store_true", help="leave the videos of the scenes")
    return parser
