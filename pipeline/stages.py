"""What a run is made with: which engine, how many frames at once, which detector, which cache."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from base.cache import Cached
from base.generator import SIDE, Generator
from base.plugins import plugin_names
from base.text import one_line
from diff2lip.framing import SIDE as DIFF2LIP_SIDE
from faces.detector import Detector, DetectorSettings
from faces.detectors import DETECTORS
from faces.face import FaceTrack
from faces.lips import LipsSeer, seer_for
from pipeline.donors import donors_of
from pipeline.framing import FaceFraming, Framing
from pipeline.mouth_framing import MouthFraming
from pipeline.settings import MouthSettings, Settings
from video.source import Source
from wav2lip.generators import (
    DIFF2LIP,
    FRAME_BY_FRAME,
    NONE,
    WITHOUT_NETWORK,
    EngineSettings,
    choose_engine,
    computes_in_8_bits,
    cuda_usable,
    has_cuda_driver,
    has_torch,
    preparer,
)
from wav2lip.generators.prepared import EngineLoader, LazyEngine, Scene

DETECTOR_SIDE = 640  # faces are looked for in frames reduced to this
CPU_BATCH = 8  # frames in flight: more cost memory and gain no speed
GATED_BATCH = 4  # on a CPU: in pauses frames wait for a batch, and the rest of one is lost
GPU_BATCH = 32  # of more, no frame leaves for long and whole frames fill the memory
# Address space after the weights are read; OpenVINO ends the process where it gets too little.
MEMORY = {"openvino": 704 << 20, "torch": 704 << 20, "puppet": 512 << 20, DIFF2LIP: 1 << 30}
MOST_NAMED = 8  # unknown phonemes
DIFF2LIP_LICENCE = "Diff2Lip's weights are for non-commercial use alone (CC BY-NC 4.0)"
KEPT_LIPS = "no checkpoint given or found: the lips stay as --animate made them"
WITHOUT_WEIGHTS = "no checkpoint given or found: the built-in puppet moves the mouth"

LoadEngine = Callable[[str, str, EngineSettings], EngineLoader]  # engine, the user's word for it
LoadDetector = Callable[[str, DetectorSettings], Detector]


@dataclass(frozen=True)
class Stages:
    """Called when needed, so that nothing is loaded for a wrong input."""

    engine: str  # the generator's name, for the report
    generator: Callable[[Scene], Generator]  # for what it will get
    detector: Callable[[], Detector]
    # who sees lips in a photo, or in a video's frames; none: every face is believed, without lips
    lips: Callable[[bool], LipsSeer] | None = None
    batch_size: int = 8  # frames that the generator gets together
    cache: Path | None = None  # folder for tracks; none: nothing is kept
    gated: bool = False  # in pauses the generator makes few mouths; others are interpolated
    examines: bool = False  # whether the generator looks at some frames of the run first
    memory: int = 0  # bytes of address space that are still needed, besides the pictures'
    prepare: Callable[[], Cached] = lambda: "off"  # read and check what the generator needs
    # of the generator, for a source and the face in it
    framing: Callable[[FaceTrack, Source], Framing] = lambda track, source: FaceFraming()
    notices: tuple[str, ...] = ()  # what the user should know of it


def load_engine(engine: str, word: str, settings: EngineSettings) -> EngineLoader:
    """The engine's two steps; `word` is the user's, which may be auto."""
    return LazyEngine(partial(preparer(engine), settings))


def load_detector(name: str, settings: DetectorSettings) -> Detector:
    """One of DETECTORS, or that of a plug-in."""
    if name in DETECTORS:
        return DETECTORS[name](settings)
    from faces.plugins import PluginDetector

    return PluginDetector(name)


def stages_of(
    settings: Settings,
    load_engine: LoadEngine = load_engine,
    load_detector: LoadDetector = load_detector,
) -> Stages:
    """The real detector and generator; weights are found, not yet loaded."""
    mouth, face, files = settings.mouth, settings.face, settings.files
    checkpoint = _checkpoint(mouth)
    engine = choose_engine(mouth.engine, mouth.device, checkpoint, mouth.without_weights)
    _check_detector(face.detector)
    gated = mouth.gated and engine in FRAME_BY_FRAME
    examines = mouth.int8 and computes_in_8_bits(engine, checkpoint)
    batch_size = _batch_size(mouth, engine, gated)
    loader = load_engine(
        engine, mouth.engine, _engine_settings(settings, engine, checkpoint, batch_size)
    )
    return Stages(
        engine=engine,
        batch_size=batch_size,
        gated=gated,
        prepare=loader.prepare,
        examines=examines,
        memory=MEMORY.get(engine, MEMORY["torch"]),
        generator=loader.generator,
        detector=lambda: load_detector(face.detector, _detector_settings(settings, engine)),
        lips=partial(seer_for, cache=files.cache),
        cache=files.cache,
        framing=partial(_framing, engine, settings.blend.uses_texture),
        notices=(*_notices(mouth, engine), *_int8_notices(mouth, engine, checkpoint)),
    )


def _check_detector(name: str) -> None:
    """EngineError where its weights or its package are missing."""
    if name == "sfd":
        from faces.sfd import find_sfd_weights

        find_sfd_weights()


def _checkpoint(mouth: MouthSettings) -> Path | None:
    """The engine's weights; a plug-in gets the user's own file as it is named."""
    if mouth.engine in WITHOUT_NETWORK:
        return None
    from options.weights import find_diff2lip, find_wav2lip

    if mouth.engine == DIFF2LIP:
        return find_diff2lip(mouth.checkpoint)
    if mouth.engine in plugin_names("generators"):
        return mouth.checkpoint
    return find_wav2lip(mouth.checkpoint)


def _engine_settings(
    settings: Settings, engine: str, checkpoint: Path | None, batch_size: int
) -> EngineSettings:
    mouth = settings.mouth
    return EngineSettings(
        checkpoint=checkpoint,
        device=mouth.device,
        half=mouth.half,
        int8=mouth.int8,
        batch_size=batch_size,
        cache=settings.files.cache,
        strength=mouth.strength,
        visemes=mouth.visemes if engine == "puppet" else None,
        recognised=mouth.recognised if engine == "puppet" else None,
        steps=mouth.steps if engine == DIFF2LIP else EngineSettings.steps,
        seed=mouth.seed if engine == DIFF2LIP else EngineSettings.seed,
    )


def _framing(engine: str, with_donors: bool, track: FaceTrack, source: Source) -> Framing:
    if engine in WITHOUT_NETWORK:
        framing = MouthFraming.of(track)
        return framing if engine == "puppet" else replace(framing, notices=())
    donors = donors_of(source, track) if with_donors else None
    return FaceFraming(donors, side=DIFF2LIP_SIDE if engine == DIFF2LIP else SIDE)


def _notices(mouth: MouthSettings, engine: str) -> tuple[str, ...]:
    """What has no effect or could be faster; InputError for a file without phonemes."""
    terms = (DIFF2LIP_LICENCE,) if engine == DIFF2LIP else _idle_gpu(mouth, engine)
    phonemes = () if mouth.spoken else _phoneme_notices(mouth, engine)
    return (*terms, *_kept_lips(mouth, engine), *phonemes)


def _phoneme_notices(mouth: MouthSettings, engine: str) -> tuple[str, ...]:
    """Which of the named phonemes the mouth does not follow."""
    if engine == "puppet":
        return () if mouth.visemes is None else _unknown_phonemes(mouth.visemes)
    flags = {"--visemes": mouth.visemes, "--recognise_phonemes": mouth.recognised}
    end = f"changes nothing with --engine {engine}: the puppet alone follows phonemes"
    return tuple(f"{flag} {end}" for flag, path in flags.items() if path is not None)


def _kept_lips(mouth: MouthSettings, engine: str) -> tuple[str, ...]:
    """That no network makes new lips, where none was named."""
    return (KEPT_LIPS,) if engine == NONE and mouth.engine == "auto" else ()


def _idle_gpu(mouth: MouthSettings, engine: str) -> tuple[str, ...]:
    """That the network could run on this machine's GPU."""
    chosen = engine == "openvino" and (mouth.engine, mouth.device) == ("auto", "auto")
    if chosen and has_cuda_driver() and not has_torch():
        return ("the network runs on the CPU: a GPU needs torch: requirements-torch.txt",)
    return ()


def _int8_notices(mouth: MouthSettings, engine: str, checkpoint: Path | None) -> tuple[str, ...]:
    if not mouth.int8 or computes_in_8_bits(engine, checkpoint):
        return ()
    if engine == "openvino":
        return ("--int8 changes nothing with an ONNX network, which keeps its own arithmetic",)
    end = f"changes nothing with --engine {engine}: OpenVINO alone computes in 8 bits"
    return (f"--int8 {end}",)


def _unknown_phonemes(path: Path) -> tuple[str, ...]:
    from puppet.visemes import read_visemes

    unknown = read_visemes(path).unknown
    if not unknown:
        return ()
    names = one_line(", ".join(map(repr, unknown[:MOST_NAMED])))
    more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
    return (f"--visemes: the mouth follows the sound where it says {names}{more}",)


def _batch_size(mouth: MouthSettings, engine: str, gated: bool) -> int:
    if engine == DIFF2LIP:
        on_gpu = mouth.device != "cpu" and cuda_usable()
        most = GPU_BATCH if on_gpu else 1  # of more, a CPU is no faster and progress would wait
    else:
        most = GPU_BATCH if engine == "torch" else GATED_BATCH if gated else CPU_BATCH
    return min(mouth.batch_size, most)


def _detector_settings(settings: Settings, engine: str) -> DetectorSettings:
    """The GPU finds faces where it makes the mouths, for the one detector that can use it."""
    face, mouth = settings.face, settings.mouth
    on_gpu = face.detector == "sfd" and engine == "torch" and mouth.device != "cpu"
    device = "cuda" if on_gpu and cuda_usable() else "cpu"
    return DetectorSettings(face.detector_batch, device, settings.files.cache)
