"""The order of a story's work: texts spoken, scenes made as a batch, all joined."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from batch.cli import main as batch_main
from batch.story_flags import StoryOptions
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
from video.output_paths import check_output_path, output_errors
from video.writer import Target, check_output, write_video

# What the scenes are kept in until they are joined: every sample as it was made.
LOSSLESS = {"encoder": "libx264", "crf": 0, "preset": "ultrafast"}


def run(options: StoryOptions) -> int:
    """Make the story, or show its plan; the exit code."""
    parts = _prepared(options)
    code = 0 if options.dry_run else _make_scenes(options, parts)
    if not (options.dry_run or code):
        _join(options, parts)
    return code


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
