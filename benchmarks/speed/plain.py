"""The plain way, as the original goes it: all frames in memory, one step after the other.

Whole BGR pictures, a face looked for in every fifth, the network in float32 by torch in batches of
128, patches resized and pasted into the box, a first encode, then a second one with the sound.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from audio.load import load
from audio.mel import Mel
from audio.windows import Windows, windows_of
from base.errors import EngineError, InputError, NoFaceError
from base.geometry import Picture, Rect
from faces.detector import DetectorSettings
from faces.detectors import DETECTORS
from pipeline.report import Clock, write_report
from video.shape import Shape
from video.source import open_source
from video.still import is_picture, read_picture
from video.writer import Target, write
from wav2lip.checkpoint import load_network
from wav2lip.generators import DEVICES, cuda_usable
from wav2lip.generators.batch import SIDE, Patches

if TYPE_CHECKING:
    from wav2lip.network import Wav2Lip

BATCH = 128
STRIDE = 5
DETECTOR_SIDE = 640  # as the command looks at it: no slower for the sake of the comparison
CHIN = 10  # pixels below the face that is found, the original's --pads
PRESET, CRF = "medium", 23  # x264's own defaults


@dataclass(frozen=True)
class Clip:
    """The decoded video."""

    frames: list[Picture]
    fps: Fraction

    def at(self, index: int) -> Picture:
        return self.frames[index % len(self.frames)]


def main(argv: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(argv)
    clock = Clock()
    with clock.stage("decoding"):
        clip = read(given.face, given.fps)
    with clock.stage("inputs"):
        windows = windows_of(load(given.audio), clip.fps)
    with clock.stage("faces"):
        boxes = found(clip.frames[: len(windows)])
    with clock.stage("engine"):
        network = loaded(given.checkpoint_path, given.device)
    first = given.outfile.with_suffix(".first.avi")
    try:
        encode_first(first, clip, spoken(clip, boxes, windows, network, clock), clock)
        with clock.stage("second encode"):
            encode_again(first, given.outfile, given.audio)
    finally:
        first.unlink(missing_ok=True)
    write_report(given.report, {"seconds_by_stage": clock.stages})
    return 0


def read(path: Path, still_fps: Fraction) -> Clip:
    """Every frame as a BGR picture."""
    with path.open("rb") as file:
        if is_picture(file.read(32)):
            return Clip([read_picture(path)], still_fps)
    video = cv2.VideoCapture(str(path))
    try:
        frames = list(_pictures(video))
        rate = Fraction(video.get(cv2.CAP_PROP_FPS)).limit_denominator(1001)
    finally:
        video.release()
    if not frames or rate <= 0:
        raise InputError(f"{path}: OpenCV reads no frames from it; take another video")
    return Clip(frames, rate)


def _pictures(video: cv2.VideoCapture) -> Iterator[Picture]:
    while (step := video.read())[0]:
        yield np.asarray(step[1], np.uint8)


def found(frames: Sequence[Picture]) -> list[Rect]:
    """The face in every fifth frame, held for the four after it."""
    detector = DETECTORS["mtcnn"](DetectorSettings())
    places: list[Rect | None] = []
    for frame in frames[::STRIDE]:
        scale = min(1.0, DETECTOR_SIDE / max(frame.shape))
        small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        faces = detector.detect(np.asarray(small, np.uint8))
        box = max((face.box for face in faces), key=lambda box: box.height, default=None)
        seen = box and box.scaled(1 / scale).padded(0, CHIN, 0, 0)
        places.append(seen.inside(frame.shape[1], frame.shape[0]) if seen else None)
    return _held(places, len(frames))


def _held(places: Sequence[Rect | None], count: int) -> list[Rect]:
    last = next((place for place in places if place), None)
    if last is None:
        raise NoFaceError("no face in any frame that was looked at; take another clip")
    held = []
    for place in places:
        last = place or last
        held += [last] * STRIDE
    return held[:count]


def loaded(checkpoint: Path, device: str) -> "Wav2Lip":
    """Nothing folded, nothing rearranged, in float32."""
    cuda = device != "cpu" and cuda_usable()
    if device == "cuda" and not cuda:
        raise EngineError("--device cuda: torch finds no CUDA GPU here; choose --device cpu")
    network: Wav2Lip = load_network(checkpoint).to("cuda" if cuda else "cpu")
    return network


def forward(network: "Wav2Lip", mels: Mel, faces: Patches) -> Patches:
    """(n, 80, 16) and (n, 96, 96, 3) BGR -> (n, 96, 96, 3) BGR."""
    masked = faces.copy()
    masked[:, SIDE // 2 :] = 0
    both = np.concatenate((masked, faces), axis=3) / np.float32(255)
    like = next(network.parameters())
    mel, face = like.new_tensor(mels[:, None]), like.new_tensor(both.transpose(0, 3, 1, 2))
    out = network(mel, face).permute(0, 2, 3, 1).cpu().numpy()
    return np.asarray(np.rint(255 * out), np.uint8)


def spoken(
    clip: Clip, boxes: Sequence[Rect], windows: Windows, network: "Wav2Lip", clock: Clock
) -> Iterator[Picture]:
    """A batch of frames after the other, each frame a new picture."""
    for start in range(0, len(windows), BATCH):
        places = range(start, min(start + BATCH, len(windows)))
        with clock.stage("mouths"):
            frames = [clip.at(i).copy() for i in places]
            rects = [boxes[i % len(clip.frames)] for i in places]
            faces = np.stack([_cut(f, rect) for f, rect in zip(frames, rects, strict=True)])
            patches = forward(network, windows.batch(start, places.stop), faces)
        for frame, rect, patch in zip(frames, rects, patches, strict=True):
            with clock.stage("blending"):
                frame[rect.slices] = cv2.resize(patch, rect.size)
            yield frame


def _cut(frame: Picture, rect: Rect) -> Picture:
    return np.asarray(cv2.resize(frame[rect.slices], (SIDE, SIDE)), np.uint8)


def encode_first(path: Path, clip: Clip, frames: Iterator[Picture], clock: Clock) -> None:
    """MPEG-4 without sound."""
    size = clip.frames[0].shape[1::-1]
    code = cv2.VideoWriter.fourcc(*"DIVX")
    writer = cv2.VideoWriter(str(path), code, float(clip.fps), size)
    try:
        for frame in frames:
            with clock.stage("first encode"):
                writer.write(frame)
    finally:
        writer.release()


def encode_again(first: Path, outfile: Path, audio: Path) -> None:
    """x264 as it comes, and the sound as the container takes it."""
    source = open_source(first, Shape(), Fraction(25))
    size = (source.width, source.height)
    write(source.frames(), Target(outfile, source.fps, *size, audio, "libx264", PRESET, CRF))


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks.speed.plain", description=__doc__)
    for name in ("face", "audio", "checkpoint_path", "outfile", "report"):
        made.add_argument(f"--{name}", type=Path, required=True)
    made.add_argument("--device", default="auto", choices=DEVICES)
    made.add_argument("--fps", type=Fraction, default=Fraction(25))
    return made


if __name__ == "__main__":
    sys.exit(main())
