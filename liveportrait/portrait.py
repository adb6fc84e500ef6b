"""A photo's frames, its head moved by poses."""

from collections.abc import Iterable, Iterator

from base.geometry import Landmarks
from liveportrait.crop import FaceSquare
from liveportrait.geometry import Pose, driven
from liveportrait.networks import SEEN_SIDE, Networks
from networks.pictures import as_input, as_region
from video.yuv import Frame


def animated(
    networks: Networks, photo: Frame, landmarks: Landmarks, poses: Iterable[Pose]
) -> Iterator[Frame]:
    """The photo for each pose, moved as the poses have moved since the first of them."""
    square = FaceSquare.of(landmarks)
    picture = as_input(square.cut(photo, SEEN_SIDE))
    features, head = networks.features(picture), networks.head(picture)
    own, first = head.placed, None
    for pose in poses:
        first = first or pose
        wanted = networks.stitched(own, driven(head, pose, first).placed)
        yield square.paste(photo, as_region(networks.picture(features, own, wanted)))


def poses_in(networks: Networks, frames: Iterable[Frame], landmarks: Landmarks) -> Iterator[Pose]:
    """A head's pose in every frame, seen in one square: what moves in it is the head."""
    square = FaceSquare.of(landmarks)
    for frame in frames:
        yield Pose.of(networks.head(as_input(square.cut(frame, SEEN_SIDE))))
