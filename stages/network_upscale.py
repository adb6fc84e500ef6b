"""Frames of a larger size by an image network, tile by tile."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from base.geometry import Rect, Region
from stages.network_files import load_network
from stages.networks import ImageNetwork, ImageNetworkFile, Size, pictures_of, region_of
from stages.stage import OutputFrame, Stage, StageScene, VideoFormat
from stages.tiles import CELL, Tile, tiles
from video.yuv import Frame

TILE = 256  # pixels; larger ones take more memory, and no less time
AROUND = 24  # pixels that a tile sees beyond what counts
LEAST_AROUND = 8  # of a network whose tiles are small
STEP = 8  # some networks take only multiples of it


@dataclass(frozen=True, eq=False)
class NetworkUpscale:
    """Enlarges by a network; what it enlarges more than wanted is reduced again."""

    network: ImageNetwork
    factor: int
    around: int

    @property
    def words(self) -> str:
        return self.network.kind

    def output(self, format: VideoFormat) -> VideoFormat:
        return VideoFormat(format.width * self.factor, format.height * self.factor, format.fps)

    def __call__(self, frames: Iterator[OutputFrame], /) -> Iterator[OutputFrame]:
        last: tuple[Frame, Frame] | None = None
        for output in frames:
            if last is None or last[0] is not output.frame:
                last = output.frame, self._enlarged(output.frame)
            face = None if output.face is None else output.face.scaled(self.factor)
            yield replace(output, frame=last[1], face=face)

    def _enlarged(self, frame: Frame) -> Frame:
        size = frame.width * self.factor, frame.height * self.factor
        return Frame.of_regions(size, frame, self._parts(frame))

    def _parts(self, frame: Frame) -> Iterator[tuple[Rect, Region]]:
        """The enlarged picture, in parts that cover it."""
        waiting = tiles((frame.width, frame.height), self.network.size, self.around)
        while group := list(islice(waiting, self.network.together)):
            squares = [_filled(frame.region(tile.seen), self.network.size) for tile in group]
            for tile, made in zip(group, self.network(pictures_of(squares)), strict=True):
                yield self._part(tile, region_of(made))

    def _part(self, tile: Tile, made: Region) -> tuple[Rect, Region]:
        """What counts of an enlarged tile, and its place in the enlarged picture."""
        scale, counts = self.network.scale, tile.counts
        rows = slice((counts.top - tile.seen.top) * scale, (counts.bottom - tile.seen.top) * scale)
        columns = slice(
            (counts.left - tile.seen.left) * scale, (counts.right - tile.seen.left) * scale
        )
        place = Rect(*(edge * self.factor for edge in _edges(counts)))
        part = made[rows, columns]
        if scale != self.factor:
            part = np.asarray(
                cv2.resize(part, place.size, interpolation=cv2.INTER_AREA), np.float32
            )
        return place, part


def load_network_upscale(path: Path, factor: int, half: bool, scene: StageScene) -> Stage:
    """EngineError unless the file's network enlarges at least `factor` times."""
    file = ImageNetworkFile(path, tile_size(scene.format), False, scene.device, half)
    network = load_network(file)
    if network.scale < factor:
        words = f"enlarges {network.scale} times" if network.scale > 1 else "does not enlarge"
        raise file.error(f"{words}: --upscale {factor} needs a network that does so {factor} times")
    around = min(AROUND, (min(network.size) - 3 * CELL) // 3)
    if around < LEAST_AROUND:
        raise file.error(f"takes tiles of {network.size[0]}x{network.size[1]}, too small to join")
    return NetworkUpscale(network, factor, around)


def tile_size(format: VideoFormat) -> Size:
    """TILE, or all of a smaller picture, in whole steps."""
    width, height = (min(TILE, -(-side // STEP) * STEP) for side in (format.width, format.height))
    return width, height


def _filled(region: Region, size: Size) -> Region:
    """The region with its border repeated to the right and below."""
    height, width = region.shape[:2]
    missing = (0, size[1] - height, 0, size[0] - width)
    if not any(missing):
        return region
    filled = cv2.copyMakeBorder(region, *missing, cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(filled, np.float32)


def _edges(rect: Rect) -> tuple[int, int, int, int]:
    return rect.top, rect.bottom, rect.left, rect.right
