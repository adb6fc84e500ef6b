"""The real stages for a run's options: which engine, how many frames at once, which cache."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from faces.detector import Detector, DetectorSettings
from faces.detectors import DETECTORS
from faces.sfd import weights_of_sfd
from pipeline.options import Options
from wav2lip.checkpoint import find
from wav2lip.generators import NETWORKS, PREPARERS, EngineSettings, choose
from wav2lip.generators.prepared import Engine, Loading

if TYPE_CHECKING:
    from pipeline.run import Stages

CPU_BATCH = 8  # frames in flight: more cost memory and gain no speed
GATED_BATCH = 4  # on a CPU: in pauses frames wait for a batch, and what is left of one is lost
GPU_BATCH = 128
# Address space after the weights are read; OpenVINO ends the process where it gets too little.
MEMORY = {"openvino": 512 << 20, "torch": 512 << 20, "puppet": 320 << 20}
WITHOUT_WEIGHTS = "no checkpoint given or found: the built-in puppet moves the mouth"

Load = Callable[[str, str, EngineSettings], Loading]  # the engine's name, and what was asked
Detect = Callable[[str, DetectorSettings], Detector]


def stages_of(options: Options, load: Load | None = None, detect: Detect | None = None) -> "Stages":
    """The real detector and generator for these options; weights are found, not yet loaded.

    `load` and `detect` are who makes them, where it is not the registries.
    """
    from pipeline.run import Stages

    load, detect = load or load_engine, detect or load_detector
    checkpoint = None if options.engine == "puppet" else find(options.checkpoint_path)
    engine = choose(options.engine, options.device, checkpoint)
    if options.face_detector == "sfd":
        weights_of_sfd()
    gated = options.silence_gating and engine in NETWORKS
    most = GPU_BATCH if engine == "torch" else GATED_BATCH if gated else CPU_BATCH
    batch_size = min(options.wav2lip_batch_size, most)
    cache = None if options.no_cache else options.cache_dir or default_cache()
    settings = EngineSettings(
        checkpoint=checkpoint,
        device=options.device,
        half=options.fp16,
        batch_size=batch_size,
        cache=cache,
        strength=options.lip_strength,
        keep=not options.check,
    )
    detector = DetectorSettings(
        batch_size=options.face_det_batch_size,
        device="cuda" if engine == "torch" and options.device != "cpu" else "cpu",
    )
    loading = load(engine, options.engine, settings)
    return Stages(
        engine=engine,
        batch_size=batch_size,
        gated=gated,
        prepare=loading.prepare,
        memory=MEMORY[engine],
        generator=loading.generator,
        detector=lambda: detect(options.face_detector, detector),
        cache=cache,
    )


def load_engine(engine: str, asked: str, settings: EngineSettings) -> Loading:
    """The engine's two steps; `asked` is what the user named, which may be auto."""
    return Engine(partial(PREPARERS[engine], settings))


def load_detector(name: str, settings: DetectorSettings) -> Detector:
    return DETECTORS[name](settings)


def default_cache() -> Path | None:
    """None for a user without a home."""
    asked = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        return (asked if asked.is_absolute() else Path.home() / ".cache") / "wav2lip-fast"
    except RuntimeError:
        return None
