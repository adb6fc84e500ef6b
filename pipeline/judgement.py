"""Judge the finished file: what the meters say of it, and a page that shows it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from base.errors import NoFaceError
from base.locks import replace_file
from faces.face import FaceTrack
from pipeline.report import after_the_video
from pipeline.settings import Settings
from stages import STAGES

if TYPE_CHECKING:
    from quality.comparison import Comparison, InputFrames
    from quality.measurement import Measurement

MOUTH_FOLLOWS = ("lag_ms", "sync_confidence", "share_of_speech_moving")


def judgement(
    settings: Settings, faces: FaceTrack, inputs: "Callable[[], InputFrames] | None" = None
) -> dict[str, Any]:
    """For the report: the verdict in a sentence, and every figure with its level.

    `inputs`: what mouths were made for, where that is not the source at its own rate.
    """
    from quality.measurement import as_json, empty_report, measure
    from quality.verdict import sentence

    try:
        result = _expected(settings, measure(view_of(settings, faces, inputs)))
    except NoFaceError as error:  # the result is whole all the same, only not measured
        return {"sentence": f"quality: not measured, {error}", **empty_report()}
    if settings.files.page is not None:
        write_page(settings.files.page, settings.output.path, result)
    return {"sentence": sentence(result.verdict_lines), **as_json(result)}


def _expected(settings: Settings, result: "Measurement") -> "Measurement":
    """At a lip strength of 0 the mouth shall rest: whether it follows the sound is not measured."""
    if settings.mouth.strength > 0:
        return result
    return replace(result, values={**result.values, **dict.fromkeys(MOUTH_FOLLOWS)})


def view_of(
    settings: Settings, faces: FaceTrack, inputs: "Callable[[], InputFrames] | None" = None
) -> "Comparison":
    """The result beside its source, with the faces that the run found in it.

    Stages behind the mouth change size or place of what the source shows: then the result is
    judged alone.
    """
    from quality.comparison import Comparison

    picture, sound = settings.picture, settings.sound
    alone = any(not STAGES[name].before_mouth for name in settings.stages.by_name)
    return Comparison(
        result=settings.output.path,
        source=None if alone else picture.path,
        audio=sound.drive or sound.path,
        shape=picture.shape,
        loop=picture.loop,
        static=picture.static,
        fps=picture.fps,
        mouth_delay=sound.mouth_later,
        faces=None if alone else faces,
        inputs=None if alone else inputs,
    )


def write_page(path: Path, video: Path, result: "Measurement") -> None:
    from quality.page import quality_page

    with after_the_video(f"the page {path}", "name another --quality", video):
        replace_file(path, quality_page(result).encode())
