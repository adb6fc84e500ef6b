"""The finished file is looked at again: what the meters say of it, and a page that shows it."""

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from base.errors import NoFaceError, OutputError
from base.locks import replace_file
from faces.face import FaceTrack
from pipeline.options import Options

if TYPE_CHECKING:
    from quality.measured import Measured
    from quality.view import View


FOLLOWS = ("lag_ms", "sync_confidence", "share_of_speech_moving")


def judgement(options: Options, faces: FaceTrack) -> dict[str, Any]:
    """For the report: the verdict in a sentence, and every figure with its level."""
    from quality.measured import measured, plain, unmeasured
    from quality.verdict import sentence

    try:
        found = _wanted(options, measured(view_of(options, faces)))
    except NoFaceError as error:  # the result is whole: nothing is known of it, that is all
        return {"sentence": f"quality: not measured, {error}", **unmeasured()}
    if options.quality_page is not None:
        write_page(options, found)
    return {"sentence": sentence(found.lines), **plain(found)}


def _wanted(options: Options, found: "Measured") -> "Measured":
    """Where the mouth was asked to rest, nobody asks whether it follows."""
    if options.lip_strength > 0:
        return found
    return replace(found, values={**found.values, **dict.fromkeys(FOLLOWS)})


def view_of(options: Options, faces: FaceTrack) -> "View":
    """The result beside its source, seen as the run saw it; nothing is detected again."""
    from quality.view import View
    from video.shape import Shape

    assert options.face is not None  # Options checked it
    return View(
        result=options.outfile,
        source=options.face,
        audio=options.drive_audio or options.audio,
        shape=Shape(options.resize_factor, options.rotate, options.crop),
        loop=options.loop,
        static=options.static,
        fps=options.fps,
        late=Fraction(options.audio_offset) / 1000,
        known=faces,
    )


def write_page(options: Options, found: "Measured") -> None:
    from quality.page import page

    place = options.quality_page
    assert place is not None  # asked by the caller
    try:
        replace_file(place, page(found).encode())
    except OSError as error:
        raise OutputError(
            f"cannot write the page {place}: {error.strerror}; name another --quality"
            f" (the video {options.outfile} is done)"
        ) from error
