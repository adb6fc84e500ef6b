"""The opened inputs of a run and its checked output."""

from dataclasses import dataclass
from fractions import Fraction

from audio.load import load_sound
from audio.vads import VADS
from audio.windows import VadSettings, Windows, windows_of
from base.errors import UsageError
from base.geometry import Box
from pipeline.mouth_audio import mouth_audio
from pipeline.settings import Settings, SoundSettings
from video.encoders import Encoder
from video.source import Source, open_source
from video.writer import Target, check_output, choose_encoder
from video.yuv import HDR_CURVES


@dataclass(frozen=True)
class Job:
    """What a run works on."""

    settings: Settings
    windows: Windows
    source: Source
    target: Target
    encoder: Encoder
    notices: tuple[str, ...] = ()  # what the user should know of the inputs

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of every frame."""
        return self.source.width, self.source.height


def open_job(settings: Settings) -> Job:
    """Read the inputs as far as needed to know that they can be used; check the output's place."""
    picture, sound, output = settings.picture, settings.sound, settings.output
    check_output(output.path, output.encoder, output.preset, output.crf)
    source = open_source(
        picture.path, picture.shape, picture.fps, picture.static, picture.max_pixels
    )
    windows, notices = _windows(sound, source.fps)
    if picture.fps_named and picture.fps != source.fps:
        notices += (f"--fps is for a still: {picture.path} keeps its {float(source.fps):.5g}",)
    target = _target(settings, source.fps, (source.width, source.height))
    if settings.face.box is not None:
        _check_box(settings.face.box, source)
    encoder = choose_encoder(target, source.first)
    notices += (*source.notices, *hdr_notices(source, encoder, output.crf))
    return Job(settings, windows, source, target, encoder, notices)


def hdr_notices(source: Source, encoder: Encoder, crf: int) -> tuple[str, ...]:
    """What becomes of an HDR picture; nothing for any other."""
    if not source.first.is_hdr:
        return ()
    pixel_format = encoder.pixel_format(source.first, crf)
    name = f"{source.path} is HDR ({HDR_CURVES[source.tags.transfer]})"
    if "10" in pixel_format or encoder.is_lossless(crf):
        return (f"{name}: the result is, too, in {pixel_format} by {encoder.codec}",)
    return (
        f"{name}: {encoder.codec} has 8 bits for it, in which smooth colours can show bands;"
        " --encoder auto keeps them smooth",
    )


def _windows(settings: SoundSettings, fps: Fraction) -> tuple[Windows, tuple[str, ...]]:
    heard = load_sound(settings.path, settings.max_seconds)
    sound, notices = mouth_audio(settings.drive, heard, settings.max_seconds)
    vad = VADS[settings.vad]()
    hearing = VadSettings(vad, settings.silence_threshold, settings.speech_only)
    return windows_of(sound, fps, settings.mouth_later, hearing), notices


def _target(settings: Settings, fps: Fraction, size: tuple[int, int]) -> Target:
    output, (width, height) = settings.output, size
    return Target(
        path=output.path,
        fps=fps,
        width=width,
        height=height,
        sound=settings.sound.path,
        encoder=output.encoder,
        preset=output.preset,
        crf=output.crf,
    )


def _check_box(box: Box, source: Source) -> None:
    if box.bottom > source.height or box.right > source.width:
        edges = " ".join(f"{edge:.0f}" for edge in (box.top, box.bottom, box.left, box.right))
        raise UsageError(
            f"--box {edges} reaches out of the picture,"
            f" which is {source.width} wide and {source.height} high"
        )
