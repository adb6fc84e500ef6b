"""Translate the user's options into the settings of every stage: here, and only here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio.vads import SPEECH_ONLY_VADS
from base.geometry import Box
from blending.masks import MaskShape
from blending.methods import BlendSettings
from diff2lip.framing import EARLIER
from diff2lip.schedule import DEFAULT_STEPS
from faces.smoothing import Smoothing
from faces.track import TrackSettings
from options.animation import IDLE, RELATIVE, SADTALKER, mover_of, names_folder
from options.box import Four
from options.modes import Mode
from options.options import Options
from options.sadtalker import FULL
from options.subtitle_flags import wants_subtitles
from sadtalker.manner import Manner
from video.shape import Shape
from wav2lip.generators import DIFF2LIP, NONE

if TYPE_CHECKING:
    from stages.animate.motion import AnimateSettings
    from stages.burn import BurnSettings
    from stages.enhance import EnhanceSettings
    from stages.rate.stage import RateSettings
    from stages.upscale import UpscaleSettings


@dataclass(frozen=True)
class PictureSettings:
    """What is read as the picture."""

    path: Path
    shape: Shape
    fps: Fraction  # of a still
    fps_named: bool  # by the user
    out_fps: Fraction | None  # of the output; none: the source's
    static: bool
    loop: str  # one of video.loops.LOOPS
    max_pixels: int  # 0: any number


@dataclass(frozen=True)
class SoundSettings:
    """What is heard, what moves the mouth, and what of it is speech."""

    path: Path | None  # none: silence
    drive: Path | None  # moves the mouth instead
    cleaned: bool  # of noise and music, for the mouth
    max_seconds: float  # 0: any number
    mouth_later: Fraction  # seconds by which the mouth comes after its sound
    heard_earlier: Fraction  # seconds by which what a frame hears begins before it
    vad: str  # one of audio.vads.VADS
    silence_threshold: float
    speech_only: bool  # the mouth follows nothing but speech
    silence: Fraction = Fraction(0)  # seconds of it, in place of a sound


@dataclass(frozen=True)
class FaceSettings:
    """Which face, and how it is found and followed."""

    detector: str  # one of faces.detectors.DETECTORS
    detector_batch: int
    track: TrackSettings
    box: Box | None  # its place, where the user named it
    pads: Four  # top, bottom, left, right
    averaged: bool = False  # its boxes are means over some frames


@dataclass(frozen=True)
class MouthSettings:
    """What makes the mouth."""

    engine: str  # one of GENERATORS, or auto
    device: str
    checkpoint: Path | None
    half: bool
    int8: bool
    batch_size: int  # the most frames at once
    gated: bool  # few mouths in pauses, where the engine is a network
    strength: float
    visemes: Path | None  # phonemes, for the puppet
    recognised: Path | None  # a sound whose phonemes it follows
    spoken: bool = False  # the phonemes are those of a text, and no flag named them
    without_weights: str = "puppet"  # what auto takes where there are none
    steps: int = DEFAULT_STEPS  # of diffusion, where the engine needs any
    seed: int = 0  # of its noise


@dataclass(frozen=True)
class OutputSettings:
    """The video that is written."""

    path: Path
    encoder: str
    preset: str
    crf: int
    max_bitrate: int | None  # bits a second of the picture; none: no limit
    audio_bitrate: int  # of sound that is encoded
    stream: Path | None = None  # fragments that play while they are made; "-": standard output


@dataclass(frozen=True)
class StagesSettings:
    """What is done to the frames besides their mouths."""

    by_name: Mapping[str, Any] = field(default_factory=dict)  # of the stages that are wanted
    skip_failing: bool = False  # leave a stage out that cannot run


@dataclass(frozen=True)
class SadTalkerSettings:
    """How SadTalker's networks move a photo."""

    size: int = 256  # pixels of their pictures' sides
    manner: Manner = field(default_factory=Manner)


@dataclass(frozen=True)
class PortraitSettings:
    """What moves a photo before its face is followed."""

    mover: str  # one of pipeline.movers.MOVERS
    word: str  # the user's, which names it
    driving: Path | None = None  # a video of a head, or a motion template
    relative: bool = True  # the photo keeps its own pose, and moves as the video has moved
    sadtalker: SadTalkerSettings = SadTalkerSettings()

    @property
    def folder(self) -> Path | None:
        """With networks, where the user named one."""
        return Path(self.word) if names_folder(self.word) else None

    @property
    def square(self) -> int | None:
        """Pixels of the square that alone is shown; none: the whole photo is."""
        alone = self.mover == SADTALKER and not self.sadtalker.manner.full
        return self.sadtalker.size if alone else None


@dataclass(frozen=True)
class WordsSettings:
    """Where the spoken words come from, and where they are shown as subtitles."""

    track: Path | None = None  # of words and their times
    language: str = ""  # where the track does not say it: two letters, none: not known
    file: Path | None = None  # of subtitles
    in_video: bool = False  # as a track
    expected: bool = False  # somewhere: that there are none is worth a notice


@dataclass(frozen=True)
class FilesSettings:
    """What is written beside and after the video."""

    cache: Path | None  # a folder; none: nothing is kept
    after: dict[str, Path]  # by the flag that names them
    events: bool  # standard output is for events
    judged: bool
    page: Path | None  # of the judgement


@dataclass(frozen=True)
class Settings:
    """Everything that the stages of one run are told."""

    picture: PictureSettings
    sound: SoundSettings
    face: FaceSettings
    mouth: MouthSettings
    blend: BlendSettings
    output: OutputSettings
    files: FilesSettings
    stages: StagesSettings = StagesSettings()
    mode: Mode | None = None  # that set some of this
    portrait: PortraitSettings | None = None  # none: the photo rests
    words: WordsSettings = WordsSettings()


def settings_of(options: Options) -> Settings:
    """The inputs must be named: `--demo` has put its own in place."""
    return Settings(
        picture=_picture(options),
        sound=_sound(options),
        face=_face(options),
        mouth=_mouth(options),
        blend=_blend(options),
        output=_output(options),
        files=files_settings(options),
        stages=_stages(options),
        mode=options.mode,
        portrait=_portrait(options),
        words=_words(options),
    )


def _picture(options: Options) -> PictureSettings:
    assert options.face is not None  # Options checked it
    return PictureSettings(
        path=options.face,
        shape=Shape(options.resize_factor, options.rotate, options.crop),
        fps=options.fps,
        fps_named=options.fps != Options.fps,
        out_fps=options.out_fps,
        static=options.static,
        loop=options.loop,
        max_pixels=options.max_pixels,
    )


def _sound(options: Options) -> SoundSettings:
    return SoundSettings(
        path=options.audio,
        drive=options.drive_audio,
        cleaned=options.clean_voice,
        max_seconds=options.max_seconds,
        mouth_later=Fraction(options.audio_offset) / 1000,
        heard_earlier=EARLIER if options.engine == DIFF2LIP else Fraction(0),
        vad=options.vad,
        silence_threshold=options.silence_threshold,
        speech_only=options.vad in SPEECH_ONLY_VADS,
        silence=Fraction(options.idle).limit_denominator(1_000_000),
    )


def _face(options: Options) -> FaceSettings:
    smoothing = Smoothing(
        remove_jitter=not options.nosmooth,
        temporal=options.temporal_smooth,
        window=options.smooth_window,
        mode=options.smooth_mode,
    )
    return FaceSettings(
        detector=options.face_detector,
        detector_batch=options.face_det_batch_size,
        track=TrackSettings(options.face_det_stride, options.face_select, smoothing),
        box=None if options.face_box is None else Box(*map(float, options.face_box)),
        pads=_pads(options),
        averaged=options.engine == DIFF2LIP,
    )


def _pads(options: Options) -> Four:
    """The user's; those of Wav2Lip are not Diff2Lip's, which was trained without any."""
    unnamed = options.engine == DIFF2LIP and options.pads == Options.pads
    return (0, 0, 0, 0) if unnamed else options.pads


def _mouth(options: Options) -> MouthSettings:
    # without speech the mouth rests as it is in the photo, which the puppet leaves alone
    rests = options.idle > 0 and options.engine == "auto" and options.checkpoint_path is None
    return MouthSettings(
        engine="puppet" if rests else options.engine,
        device=options.device,
        checkpoint=options.checkpoint_path,
        half=options.fp16,
        int8=options.int8,
        batch_size=options.wav2lip_batch_size,
        gated=options.silence_gating,
        strength=options.lip_strength,
        visemes=options.visemes,
        recognised=_recognised(options),
        without_weights=NONE if options.animate == SADTALKER else "puppet",
        steps=options.diffusion_steps,
        seed=options.seed,
    )


def _recognised(options: Options) -> Path | None:
    """The sound whose phonemes are to be recognised: the one that moves the mouth."""
    if not options.recognise_phonemes or options.visemes is not None:
        return None
    return options.drive_audio or options.audio


def _blend(options: Options) -> BlendSettings:
    return BlendSettings(
        method=options.blend_method,
        shape=MaskShape(options.mouth_region_size, options.blur_intensity),
        sharpen=options.sharpen_amount if options.sharpen_mouth else 0.0,
        match_color=not options.no_color_match,
    )


def _output(options: Options) -> OutputSettings:
    return OutputSettings(
        path=options.outfile,
        encoder=options.encoder,
        preset=options.preset,
        crf=options.crf,
        max_bitrate=options.max_bitrate,
        audio_bitrate=options.audio_bitrate,
        stream=options.stream,
    )


def _stages(options: Options) -> StagesSettings:
    """Those that are wanted; what a stage needs is imported for it alone."""
    settings = {name: of_stage(options) for name, of_stage in STAGE_SETTINGS.items()}
    wanted = {name: value for name, value in settings.items() if value is not None}
    return StagesSettings(wanted | _plugin_stages(options), options.on_stage_error == "skip")


def _rate(options: Options) -> "RateSettings | None":
    if options.out_fps is None:
        return None
    from stages.rate.stage import RateSettings

    return RateSettings(options.out_fps, options.interpolator)


def _animate(options: Options) -> "AnimateSettings | None":
    if options.animate != IDLE and not options.idle:
        return None
    from stages.animate.motion import AnimateSettings

    return AnimateSettings(options.seed, options.expression_scale, loops=options.idle > 0)


def _enhance(options: Options) -> "EnhanceSettings | None":
    if options.enhance is None:
        return None
    from stages.enhance import EnhanceSettings

    region, strength = options.enhance_region, options.enhance_strength
    return EnhanceSettings(options.enhance, region, strength, options.fp16)


def _upscale(options: Options) -> "UpscaleSettings | None":
    if options.upscale is None:
        return None
    from stages.upscale import UpscaleSettings

    return UpscaleSettings(options.upscale, options.upscaler, options.fp16)


def _burn(options: Options) -> "BurnSettings | None":
    if not options.burn_subtitles:
        return None
    from stages.burn import BurnSettings

    return BurnSettings(options.subtitle_font)


def _plugin_stages(options: Options) -> dict[str, Any]:
    if not options.plugin_stages:
        return {}
    from stages.plugins import PluginSettings

    return {name: PluginSettings(name, words) for name, words in options.plugin_stages}


STAGE_SETTINGS: Mapping[str, Callable[[Options], Any]] = {
    "rate": _rate,
    "animate": _animate,
    "enhance": _enhance,
    "upscale": _upscale,
    "burn": _burn,
}


def _portrait(options: Options) -> PortraitSettings | None:
    mover = mover_of(options.animate)
    if mover is None or options.animate is None:
        return None
    manner = Manner(
        full=options.preprocess == FULL,
        expression_scale=options.expression_scale,
        style=options.pose_style,
        still_head=options.still_head,
        seed=options.seed,
    )
    sadtalker = SadTalkerSettings(options.animate_size, manner)
    relative = options.motion == RELATIVE
    return PortraitSettings(mover, options.animate, options.driving_video, relative, sadtalker)


def _words(options: Options) -> WordsSettings:
    return WordsSettings(
        track=options.transcript,
        language=(options.language or "")[:2].lower(),
        file=options.subtitles,
        in_video=options.subtitle_track,
        expected=not options.check and wants_subtitles(options),
    )


def files_settings(options: Options) -> FilesSettings:
    """What is written where."""
    after = {**options.written_files}
    del after["--outfile"]
    if options.sheet is not None:  # its name follows the output's
        after["--outfile"] = after.pop("the contact sheet")
    return FilesSettings(
        cache=options.cache_folder,
        after=after,
        events=options.progress == "json",
        judged=options.quality is not None,
        page=options.quality_page,
    )
