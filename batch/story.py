"""The story command: a script of scenes becomes one video."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from base.errors import UsageError
from base.memory import as_user_error
from base.signals import INTERRUPTED, MESSAGES, TERMINATED, Terminated
from batch.cli import main as batch_main
from batch.flags import parser as batch_parser
from batch.story_join import (
    Placed,
    chapters_of,
    placed,
    story_cues,
    story_frames,
    story_size,
    track_of,
    write_sound,
    write_subtitle_file,
)
from batch.story_scenes import Part, manifest_rows, parts_of, write_manifest
from batch.story_script import read_story
from command.display import say
from command.stopping import stoppable
from options.options import OUTFILE, Options, parse_path
from subtitles.endings import check_ending
from video.output_paths import check_output_path, output_errors
from video.text_track import check_takes_texts
from video.writer import Target, check_output, write_video

BUG = 1
DESCRIPTION = """Make one video of a script of scenes in Markdown. Every flag of inference_fast.py
is the default for all scenes."""
# What the scenes are kept in until they are joined: every sample as it was made.
LOSSLESS = {"encoder": "libx264", "crf": 0, "preset": "ultrafast"}
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
            check_takes_texts(self.outfile, "--subtitle_track")
        for name in OF_NO_STORY:
            if self.defaults.get(name) not in (None, False):
                raise UsageError(f"--{name} is no story's: the script says what is spoken")

    @property
    def folder(self) -> Path:
        """Where the scenes are until they are joined, so that a stopped story goes on."""
        return self.outfile.parent / f"{self.outfile.name}.scenes"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is one of base.errors."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        with stoppable():  # one for all: at its end signals are ignored
            return _run(parse_story_options(words))
    except Exception as error:
        ours = as_user_error(error)
        if ours.exit_code == BUG:
            raise
        say(f"error: {ours}")
        return ours.exit_code
    except KeyboardInterrupt:
        return _stopped(INTERRUPTED)
    except Terminated:
        return _stopped(TERMINATED)


def _run(options: StoryOptions) -> int:
    parts = _prepared(options)
    code = 0 if options.dry_run else _make_scenes(options, parts)
    if not (options.dry_run or code):
        _join(options, parts)
    return code


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


def _prepared(options: StoryOptions) -> list[Part]:
    """The parts, their texts spoken; with --dry_run told and forgotten."""
    scenes = read_story(options.script)
    defaults = options.defaults
    if options.dry_run:
        with tempfile.TemporaryDirectory() as folder:
            parts = parts_of(scenes, defaults, Path(folder))
            _print_plan(placed(parts, defaults["fps"]))
            return parts
    check_output(options.outfile, defaults["encoder"], defaults["preset"], defaults["crf"])
    if options.subtitles is not None:
        check_output_path(options.subtitles, "--subtitles")
    with output_errors(options.folder, "--out"):
        return parts_of(scenes, defaults, options.folder)


def _print_plan(places: Sequence[Placed]) -> None:
    for number, place in enumerate(places, 1):
        scene = place.part.scene
        does = "speaks" if scene.speaks else "is shown"
        face = Path(scene.values["face"]).name
        length = float(place.end - place.start)
        print(
            f"{number:>3}  {float(place.start):8.2f}  {length:7.2f} s  {scene.name}: {face} {does}"
        )
    print(f"{len(places)} scenes, {float(places[-1].end):.2f} s")


def _make_scenes(options: StoryOptions, parts: Sequence[Part]) -> int:
    """Make the videos of those who speak, as far as they are not made yet; the exit code."""
    rows = manifest_rows(parts, {**options.defaults, **LOSSLESS})
    if not rows:
        return 0
    manifest = options.folder / "scenes.jsonl"
    write_manifest(manifest, rows)
    words = ("--manifest", str(manifest), "--out_dir", str(options.folder))
    return batch_main([*words, *options.batch])


def _join(options: StoryOptions, parts: Sequence[Part]) -> None:
    defaults = options.defaults
    places = placed(parts, defaults["fps"])
    width, height = story_size(parts)
    cues = story_cues(places)
    sound = options.folder / "story.wav"
    write_sound(places, sound)
    target = Target(
        path=options.outfile,
        fps=defaults["fps"],
        width=width,
        height=height,
        sound=sound,
        encoder=defaults["encoder"],
        preset=defaults["preset"],
        crf=defaults["crf"],
        texts=track_of(cues) if defaults["subtitle_track"] else None,
        chapters=chapters_of(places),
    )
    facts = write_video(story_frames(places, (width, height)), target)
    if options.subtitles is not None:
        write_subtitle_file(cues, options.subtitles)
    if not options.keep_scenes:
        shutil.rmtree(options.folder, ignore_errors=True)
    say(f"done: {options.outfile}, {len(places)} scenes, {float(facts.duration):.1f} s")


def _stopped(exit_code: int) -> int:
    say(f"error: {MESSAGES[exit_code]}; started again, it goes on from there")
    return exit_code
