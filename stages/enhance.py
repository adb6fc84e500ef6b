"""Faces restored by a network: cut out upright, made anew, laid back where they were."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from base.geometry import Region
from blending.mix import to_three_channels
from stages.alignment import FADE, SIDE, AlignedFace
from stages.face_masks import OUTLINES
from stages.network_files import load_network
from stages.networks import ImageNetwork, ImageNetworkFile, pictures_of, region_of
from stages.stage import OutputFrame, Stage, StageScene, VideoFormat
from stages.steadiness import STEADINESS, Steadied
from video.yuv import Frame


@dataclass(frozen=True)
class EnhanceSettings:
    """The network's file, which part of the face it restores, and how much of it shows."""

    path: Path
    region: str = "face"  # one of OUTLINES
    strength: float = 1.0
    half: bool = False
    steadiness: float = STEADINESS  # share of what was added before, where the face is still

    def __post_init__(self) -> None:
        if self.region not in OUTLINES or not 0 <= self.strength <= 1:
            raise ValueError(f"nothing restores {self.region} by {self.strength}")


@dataclass(frozen=True, eq=False)
class FaceSquare:
    """The square cut out around a face, and where it lies in its frame."""

    place: AlignedFace
    pixels: Region
    repeated: bool = False  # the frame before shows the same

    @classmethod
    def of(cls, output: OutputFrame, before: "FaceSquare | None") -> "FaceSquare | None":
        """None without a face."""
        if output.face is None:
            return None
        place = AlignedFace.of(output.face, (output.frame.width, output.frame.height))
        if place is None:
            return None
        pixels = place.cut(output.frame)
        repeated = before is not None and np.array_equal(pixels, before.pixels)
        return cls(place, pixels, repeated)


CutOut = tuple[OutputFrame, FaceSquare | None]


@dataclass(frozen=True, eq=False)
class Enhance:
    """Restores the face of every frame."""

    network: ImageNetwork
    settings: EnhanceSettings

    @property
    def words(self) -> str:
        return self.network.kind

    def output(self, format: VideoFormat) -> VideoFormat:
        return format

    def __call__(self, frames: Iterator[OutputFrame], /) -> Iterator[OutputFrame]:
        steadied: Steadied | None = None
        for group in _batches(_cut_out(frames), self.network.together):
            made = self._restored([square for _, square in group])
            for output, square in group:
                if square is None:
                    steadied = None
                    yield output
                    continue
                before = None if output.starts_shot else steadied
                steadied = _steadied(before, square, made, self.settings.steadiness)
                yield output.showing(self._laid_back(output, square, steadied.added))

    def _restored(self, squares: list[FaceSquare | None]) -> Iterator[Region]:
        """What the network makes of each square that does not repeat the one before."""
        new = [one.pixels for one in squares if one is not None and not one.repeated]
        return map(region_of, self.network(pictures_of(new))) if new else iter(())

    def _laid_back(self, output: OutputFrame, square: FaceSquare, added: Region) -> Frame:
        """The frame with what is added to its face; outside the mask nothing is."""
        frame, face = output.frame, output.face
        assert face is not None  # a square has one
        outline = OUTLINES[self.settings.region](face)
        rect = outline.bounds.inside(frame.width, frame.height)
        if rect is None:
            return frame
        change = square.place.laid_back(added * FADE, rect)
        mask = outline.mask(rect) * np.float32(self.settings.strength)
        return frame.with_change(rect, change * to_three_channels(mask))


def _cut_out(frames: Iterator[OutputFrame]) -> Iterator[CutOut]:
    before: FaceSquare | None = None
    for output in frames:
        before = FaceSquare.of(output, None if output.starts_shot else before)
        yield output, before


def _batches(items: Iterator[CutOut], size: int) -> Iterator[list[CutOut]]:
    while group := list(islice(items, size)):
        yield group


def _steadied(
    before: Steadied | None, square: FaceSquare, made: Iterator[Region], share: float
) -> Steadied:
    """What is added to the square, in the light of what was added before."""
    if square.repeated and before is not None:
        return before
    added = next(made) - square.pixels
    if before is None:
        return Steadied(square.pixels, added)
    return before.followed_by(square.pixels, added, share)


def load_enhance(settings: EnhanceSettings, scene: StageScene) -> Stage:
    """EngineError unless the file's network restores pictures of SIDE pixels."""
    file = ImageNetworkFile(settings.path, (SIDE, SIDE), True, scene.device, settings.half)
    network = load_network(file)
    if network.size != (SIDE, SIDE) or network.scale != 1:
        width, height = network.size
        raise file.error(
            f"makes pictures {network.scale} times as large from {width}x{height}, and restores no"
            f" faces of {SIDE}x{SIDE}: such networks are for --upscaler"
        )
    return Enhance(network, settings)
