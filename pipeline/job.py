"""The opened inputs of a run and its checked output."""

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

from audio.cleaning import load_cleaner
from audio.load import Sound, load_sound
from audio.vads import VADS
from audio.windows import VadSettings, Windows, windows_of
from base.errors import UsageError
from base.geometry import Box
from pipeline.mouth_audio import mouth_audio, silence
from pipeline.portrait import Portrait, open_portrait
from pipeline.report import StageReport
from pipeline.settings import Settings, SoundSettings
from pipeline.staging import NO_STAGES, Staging, open_stages, sound_of, without
from pipeline.words import text_track, words_of
from speech.track import SpokenWords
from stages.stage import StageScene, VideoFormat
from video.encoders import Encoder
from video.fragments import check_fragments
from video.source import Source, open_source
from video.writer import Target, check_output, choose_encoder
from video.yuv import HDR_CURVES

NO_WORDS = "no words were heard in the sound: there are no subtitles"


@dataclass(frozen=True)
class Job:
    """What a run works on."""

    settings: Settings
    windows: Windows
    source: Source
    target: Target
    encoder: Encoder
    notices: tuple[str, ...] = ()  # what the user should know of the inputs
    before: Staging = NO_STAGES  # between the source and the mouth
    behind: Staging = NO_STAGES  # between the mouth and the encoder
    portrait: Portrait | None = None  # moves the photo before its face is followed
    moved: tuple[StageReport, ...] = ()  # what became of that
    words: SpokenWords = field(default_factory=SpokenWords)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of every frame of the source."""
        return self.source.width, self.source.height

    @cached_property
    def source_frames(self) -> int:
        """The most frames of the source that the output may show."""
        if not self.before.stages:
            return len(self.windows)
        return math.ceil(len(self.windows) / self.windows.fps * self.source.fps) + 1


def open_job(settings: Settings) -> Job:
    """Read the inputs as far as needed to know that they can be used; check the output's place."""
    picture, sound, output = settings.picture, settings.sound, settings.output
    check_output(output.path, output.encoder, output.preset, output.crf, output.max_bitrate)
    if output.stream is not None:
        check_fragments(output.stream)
    source = open_source(
        picture.path, picture.shape, picture.fps, picture.static, picture.max_pixels
    )
    if source.still and picture.out_fps is not None:
        source = replace(source, fps=picture.out_fps)
    portrait, moved = open_portrait(settings, source)
    scene = StageScene(
        given=VideoFormat(source.width, source.height, source.fps),
        first=source.first,
        still=source.still,
        device=settings.mouth.device,
        cache=settings.files.cache,
    )
    before = open_stages(settings.stages, scene, True, picture)
    scene = scene.of_format(before.output(scene.given))
    heard, notices = _mouth_sound(sound)
    windows = _windows(sound, heard, scene.given.fps)
    words = words_of(settings.words)
    scene = replace(scene, sound=sound_of(windows), words=words.words)
    behind = open_stages(settings.stages, scene, False, picture)
    if picture.fps_named and picture.fps != source.fps and picture.out_fps is None:
        notices += (f"--fps is for a still: {picture.path} keeps its {float(source.fps):.5g}",)
    target = _target(settings, behind.output(scene.given), words)
    if settings.face.box is not None:
        _check_box(settings.face.box, source)
    encoder = choose_encoder(target, source.first)
    notices += (
        *without(moved),
        *([NO_WORDS] if settings.words.expected and not words.words else []),
        *before.notices,
        *behind.notices,
        *source.notices,
        *hdr_notices(source, encoder, output.crf),
    )
    return Job(
        settings=settings,
        windows=windows,
        source=source,
        target=target,
        encoder=encoder,
        notices=notices,
        before=before,
        behind=behind,
        portrait=portrait,
        moved=moved,
        words=words,
    )


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


def _mouth_sound(settings: SoundSettings) -> tuple[Sound, tuple[str, ...]]:
    if settings.path is None:
        heard = silence(settings.silence)
    else:
        heard = load_sound(settings.path, settings.max_seconds)
    return mouth_audio(settings.drive, heard, settings.max_seconds)


def _windows(settings: SoundSettings, sound: Sound, fps: Fraction) -> Windows:
    if settings.cleaned:
        sound = load_cleaner()(sound)
    vad = VADS[settings.vad]()
    hearing = VadSettings(vad, settings.silence_threshold, settings.speech_only)
    return windows_of(sound, fps, settings.mouth_later, hearing)


def _target(settings: Settings, made: VideoFormat, words: SpokenWords) -> Target:
    output = settings.output
    return Target(
        path=output.path,
        fps=made.fps,
        width=made.width,
        height=made.height,
        sound=settings.sound.path,
        encoder=output.encoder,
        preset=output.preset,
        crf=output.crf,
        max_bitrate=output.max_bitrate,
        audio_bitrate=output.audio_bitrate,
        texts=text_track(words) if settings.words.in_video else None,
    )


def _check_box(box: Box, source: Source) -> None:
    if box.bottom > source.height or box.right > source.width:
        edges = " ".join(f"{edge:.0f}" for edge in (box.top, box.bottom, box.left, box.right))
        raise UsageError(
            f"--box {edges} reaches out of the picture,"
            f" which is {source.width} wide and {source.height} high"
        )
