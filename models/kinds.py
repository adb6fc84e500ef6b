"""The kinds of models that are recognised, and what people should know of each."""

from dataclasses import dataclass

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Kind:
    """What a model is, what it is good for, and under which licence such files usually come."""

    title: str
    use: str
    licence: str
    flag: str | None = None  # that takes the file; none: nothing here runs it
    mode: str | None = None  # which it makes possible
    onnx_only: bool = False  # the flag takes it as ONNX alone
    word: str = ""  # behind the flag, which finds the file by itself

    def __post_init__(self) -> None:
        if not (self.title and self.use and self.licence):
            raise ValueError("a kind of model without its words")


LIVEPORTRAIT_LICENCE = "MIT; the InsightFace detectors that come with it are non-commercial"
FOMM_LICENCE = "weights: unsettled (VoxCeleb); code: MIT since 2023, CC BY-NC 4.0 before"
SADTALKER_LICENCE = "weights: not stated; code: Apache-2.0"
UPSCALER_LICENCE = "BSD-3-Clause"


def _liveportrait(part: str, use: str) -> Kind:
    return Kind(f"LivePortrait, {part}", use, LIVEPORTRAIT_LICENCE, "animate", onnx_only=True)


def _sadtalker(title: str, use: str) -> Kind:
    return Kind(title, use, SADTALKER_LICENCE, "animate", word="sadtalker")


KINDS: dict[str, Kind] = {
    "wav2lip": Kind(
        *("Wav2Lip", "draws the mouth", "non-commercial (trained on LRS2)"),
        *("checkpoint_path", "real_time"),
    ),
    "syncnet": Kind("SyncNet of Wav2Lip", "measures sync; not used here", "non-commercial"),
    "gfpgan": Kind("GFPGAN", "restores the face", "Apache-2.0", "enhance", "high_quality"),
    "codeformer": Kind(
        *("CodeFormer", "restores the face", "S-Lab 1.0, non-commercial"),
        *("enhance", "high_quality", True),
    ),
    "restoreformer": Kind(
        "RestoreFormer", "restores the face", "Apache-2.0", "enhance", "high_quality"
    ),
    "face_restorer": Kind(
        *("network from a face of 512 to one of 512", "restores the face"),
        *("its author's (GFPGAN: Apache-2.0)", "enhance", "high_quality"),
    ),
    "rrdb": Kind("Real-ESRGAN (RRDB)", "enlarges the picture", UPSCALER_LICENCE, "upscaler"),
    "compact": Kind(
        "Real-ESRGAN compact", "enlarges the picture, fast", UPSCALER_LICENCE, "upscaler"
    ),
    "image_network": Kind(
        "network from picture to picture", "enlarges or filters", "its author's", "upscaler"
    ),
    "liveportrait_appearance": _liveportrait("appearance", "reads how a photo looks"),
    "liveportrait_motion": _liveportrait("motion", "reads pose and expression"),
    "liveportrait_generator": _liveportrait("warping and generator", "draws the moved photo"),
    "liveportrait_warping": _liveportrait("warping", "moves the photo's features"),
    "liveportrait_stitching": _liveportrait("stitching", "keeps head and shoulders together"),
    "liveportrait_eyes": _liveportrait("eyes", "opens and closes eyes"),
    "liveportrait_lips": _liveportrait("lips", "opens and closes lips"),
    "sadtalker": _sadtalker("SadTalker", "a photo that speaks"),
    "sadtalker_mapping": _sadtalker("SadTalker, mapping", "how numbers move the photo"),
    "fomm": Kind(
        *("First Order Motion Model", "a photo that moves as a video does", FOMM_LICENCE),
        flag="animate",
        word="fomm",
    ),
    "diff2lip": Kind(
        *("Diff2Lip", "draws the mouth by diffusion", "CC BY-NC 4.0, non-commercial"),
        flag="engine",
        word="diff2lip",
    ),
    "piper": Kind("Piper voice", "speaks a text", "its voice's own (often MIT or CC)", "voice"),
    "whisper": Kind("Whisper for CTranslate2", "hears words and their times", "MIT", "transcribe"),
    UNKNOWN: Kind("another network", "unknown here", "its author's"),
}
ENHANCERS = ("gfpgan", "codeformer", "restoreformer", "face_restorer")
UPSCALERS = ("rrdb", "compact", "image_network")
LIVEPORTRAIT = tuple(name for name in KINDS if name.startswith("liveportrait"))
SADTALKER = ("sadtalker", "sadtalker_mapping")
