"""The plain program, which works as the original does: all frames in memory, step after step.

Whole BGR pictures, the detector on every fifth, the network in float32 by torch in batches of 128,
patches resized and pasted into the box, a first encode, then a second one with the sound.
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

from audio.load import load_sound
from audio.mel import Mel
from audio.windows import Windows, windows_of
from base.errors import EngineError, InputError, NoFaceError
from base.generator import SIDE, Patches
from base.geometry import Picture, Rect
from faces.detector import DetectorSettings
from faces.detectors import DETECTORS
from pipeline.report import Clock, write_report
from video.shape import Shape
from video.source import open_source
from video.still import is_picture, read_picture
from video.writer import Target, write_video
from wav2lip.generators import DEVICES, cuda_usable

if TYPE_CHECKING:
    from wav2lip.network import Wav2Lip

BATCH = 128
STRIDE = 5  # frames from one detection to the next
DETECTOR_SIDE = 640  # pixels, as in the command: the comparison must not make it slower
CHIN = 10  # pixels below the detected face, the original's --pads
PRESET, CRF = "medium", 23  # x264's own defaults


@dataclass(frozen=True)
class DecodedVideo:
    """All frames of the face's video."""

    frames: list[Picture]
    fps: Fraction

    def frame_at(self, index: int) -> Picture:
        """The frame with this index; the video repeats."""
        return self.frames[index % len(self.frames)]


def main(argv: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    clock = Clock()
    with clock.stage("decoding"):
        video = decode(args.face, args.fps)
    with clock.stage("inputs"):
        windows = windows_of(load_sound(args.audio), video.fps)
    with clock.stage("faces"):
        boxes = detect_boxes(video.frames[: len(windows)])
    with clock.stage("engine"):
        network = load_on_device(args.checkpoint_path, args.device)
    first = args.outfile.with_suffix(".first.avi")
    try:
        frames = speaking_frames(video, boxes, windows, network, clock)
        encode_silent(first, video, frames, clock)
        with clock.stage("second encode"):
            encode_with_sound(first, args.outfile, args.audio)
    finally:
        first.unlink(missing_ok=True)
    write_report(args.report, {"seconds_by_stage": clock.stages})
    return 0


def decode(path: Path, still_fps: Fraction) -> DecodedVideo:
    """The video with every frame as a BGR picture."""
    with path.open("rb") as file:
        if is_picture(file.read(32)):
            return DecodedVideo([read_picture(path)], still_fps)
    capture = cv2.VideoCapture(str(path))
    try:
        frames = list(_pictures(capture))
        rate = Fraction(capture.get(cv2.CAP_PROP_FPS)).limit_denominator(1001)
    finally:
        capture.release()
    if not frames or rate <= 0:
        raise InputError(f"{path}: OpenCV reads no frames from it; take another video")
    return DecodedVideo(frames, rate)


def _pictures(capture: cv2.VideoCapture) -> Iterator[Picture]:
    while (result := capture.read())[0]:
        yield np.asarray(result[1], np.uint8)


def detect_boxes(frames: Sequence[Picture]) -> list[Rect]:
    """A box for every frame: that of every fifth frame is also that of the next four."""
    detector = DETECTORS["mtcnn"](DetectorSettings())
    detections: list[Rect | None] = []
    for frame in frames[::STRIDE]:
        scale = min(1.0, DETECTOR_SIDE / max(frame.shape))
        small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        faces = detector.detect(np.asarray(small, np.uint8))
        box = max((face.box for face in faces), key=lambda box: box.height, default=None)
        padded = box and box.scaled(1 / scale).padded(0, CHIN, 0, 0)
        detections.append(padded.inside(frame.shape[1], frame.shape[0]) if padded else None)
    return _repeat_boxes(detections, len(frames))


def _repeat_boxes(detections: Sequence[Rect | None], count: int) -> list[Rect]:
    """A box for every frame; a frame without a detection keeps the last box."""
    last = next((rect for rect in detections if rect), None)
    if last is None:
        raise NoFaceError("no face in any frame that was looked at; take another clip")
    boxes = []
    for rect in detections:
        last = rect or last
        boxes += [last] * STRIDE
    return boxes[:count]


def load_on_device(checkpoint: Path, device: str) -> "Wav2Lip":
    """The network in float32 as it was trained: nothing folded, nothing rearranged."""
    cuda = device != "cpu" and cuda_usable()
    if device == "cuda" and not cuda:
        raise EngineError("--device cuda: torch finds no CUDA GPU here; choose --device cpu")
    from wav2lip.network import load_network

    return load_network(checkpoint).to("cuda" if cuda else "cpu")


def forward(network: "Wav2Lip", mels: Mel, faces: Patches) -> Patches:
    """(n, 80, 16) and (n, 96, 96, 3) BGR -> (n, 96, 96, 3) BGR."""
    masked = faces.copy()
    masked[:, SIDE // 2 :] = 0
    stacked = np.concatenate((masked, faces), axis=3) / np.float32(255)
    weight = next(network.parameters())  # new tensors get its device and type
    mel, face = weight.new_tensor(mels[:, None]), weight.new_tensor(stacked.transpose(0, 3, 1, 2))
    patches = network(mel, face).permute(0, 2, 3, 1).cpu().numpy()
    return np.asarray(np.rint(255 * patches), np.uint8)


def speaking_frames(
    video: DecodedVideo, boxes: Sequence[Rect], windows: Windows, network: "Wav2Lip", clock: Clock
) -> Iterator[Picture]:
    """The frames with their new mouths, made batch after batch; each is a new picture."""
    for start in range(0, len(windows), BATCH):
        indices = range(start, min(start + BATCH, len(windows)))
        with clock.stage("mouths"):
            frames = [video.frame_at(i).copy() for i in indices]
            rects = [boxes[i % len(video.frames)] for i in indices]
            faces = np.stack([_cut_face(f, rect) for f, rect in zip(frames, rects, strict=True)])
            patches = forward(network, windows.slice(start, indices.stop), faces)
        for frame, rect, patch in zip(frames, rects, patches, strict=True):
            with clock.stage("blending"):
                frame[rect.slices] = cv2.resize(patch, rect.size)
            yield frame


def _cut_face(frame: Picture, rect: Rect) -> Picture:
    return np.asarray(cv2.resize(frame[rect.slices], (SIDE, SIDE)), np.uint8)


def encode_silent(path: Path, video: DecodedVideo, frames: Iterator[Picture], clock: Clock) -> None:
    """Encode as MPEG-4 without sound."""
    size = video.frames[0].shape[1::-1]
    code = cv2.VideoWriter.fourcc(*"DIVX")
    writer = cv2.VideoWriter(str(path), code, float(video.fps), size)
    try:
        for frame in frames:
            with clock.stage("first encode"):
                writer.write(frame)
    finally:
        writer.release()


def encode_with_sound(first: Path, outfile: Path, audio: Path) -> None:
    """Encode again by x264 with its own defaults, with the sound beside it."""
    source = open_source(first, Shape(), Fraction(25))
    size = (source.width, source.height)
    write_video(source.frames(), Target(outfile, source.fps, *size, audio, "libx264", PRESET, CRF))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.plain", description=__doc__)
    for name in ("face", "audio", "checkpoint_path", "outfile", "report"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--device", default="auto", choices=DEVICES)
    parser.add_argument("--fps", type=Fraction, default=Fraction(25))
    return parser


if __name__ == "__main__":
    sys.exit(main())
