"""The opened inputs of a run and its checked output."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

from audio.load import Sound, load_sound
from audio.vads import VADS
from audio.windows import VadSettings, Windows, windows_of
from base.errors import UsageError
from base.geometry import Box
from pipeline.mouth_audio import mouth_audio, silence
from pipeline.portrait import RESTING, Portrait, open_portrait
from pipeline.settings import OutputSettings, PictureSettings, Settings, SoundSettings
from pipeline.staging import NO_STAGES, Staging, open_stages, sound_of
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
    portrait: Portrait = RESTING  # moves the photo before its face is followed
    sound: Sound | None = None  # that the mouth follows, for what moves the photo
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
    picture = settings.picture
    _check_outputs(settings.output)
    source = _open_source(picture)
    portrait = open_portrait(settings, source)
    scene = _scene(settings, source, portrait)
    before = open_stages(settings.stages, scene, True, picture)
    scene = scene.of_format(before.output(scene.format))
    heard, notices = _mouth_sound(settings.sound)
    windows = _windows(settings.sound, heard, scene.format.fps)
    words = words_of(settings.words)
    if settings.stages.by_name:  # nobody else listens, and a long sound is large
        scene = replace(scene, sound=sound_of(windows), words=words.words)
    behind = open_stages(settings.stages, scene, False, picture)
    target = _target(settings, behind.output(scene.format), words)
    if settings.face.box is not None:
        _check_box(settings.face.box, source)
    job = Job(
        settings=settings,
        windows=windows,
        source=source,
        target=target,
        encoder=choose_encoder(target, source.first),
        before=before,
        behind=behind,
        portrait=portrait,
        sound=None if portrait.mover is None else heard,
        words=words,
    )
    return replace(job, notices=(*notices, *_notices(job)))


def _check_outputs(output: OutputSettings) -> None:
    check_output(output.path, output.encoder, output.preset, output.crf, output.max_bitrate)
    if output.stream is not None:
        check_fragments(output.stream)


def _open_source(picture: PictureSettings) -> Source:
    source = open_source(
        picture.path, picture.shape, picture.fps, picture.static, picture.max_pixels
    )
    if source.still and picture.out_fps is not None:
        return replace(source, fps=picture.out_fps)
    return source


def _scene(settings: Settings, source: Source, portrait: Portrait) -> StageScene:
    return StageScene(
        format=VideoFormat(*portrait.size((source.width, source.height)), source.fps),
        first=source.first,
        still=source.still,
        device=settings.mouth.device,
        cache=settings.files.cache,
    )


def _notices(job: Job) -> Iterator[str]:
    """What the user should know of the inputs, besides the sound."""
    picture, fps = job.settings.picture, job.source.fps
    if picture.fps_named and picture.fps != fps and picture.out_fps is None:
        yield f"--fps is for a still: {picture.path} keeps its {float(fps):.5g}"
    yield from job.portrait.notices
    if job.settings.words.expected and not job.words.words:
        yield NO_WORDS
    yield from (*job.before.notices, *job.behind.notices, *job.source.notices)
    yield from hdr_notices(job.source, job.encoder, job.settings.output.crf)


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
        from audio.cleaning import load_cleaner

        sound = load_cleaner()(sound)
    vad = VADS[settings.vad]()
    hearing = VadSettings(vad, settings.silence_threshold, settings.speech_only)
    return windows_of(sound, fps, settings.mouth_later, hearing, settings.heard_earlier)


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
