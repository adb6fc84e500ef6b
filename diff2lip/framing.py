"""What the network was trained on: how large faces are, which part is new, what a frame hears."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

SIDE = 128  # pixels of the faces
FIRST_ROW = SIDE // 2  # of the part that is painted; above it a face stays as it is
EARLIER = Fraction(1, 25)  # seconds by which a frame's sound begins before the frame
SMOOTHED = 5  # frames whose boxes are averaged

Boxes = NDArray[np.generic]  # (frames, 4)


def smoothed_boxes(boxes: Boxes) -> Boxes:
    """Each box the mean of itself and the next ones, in the array's own type; the input stays.

    The last ones are the mean of as many at the end, of which those before are smoothed already.
    """
    means = boxes.copy()
    for frame in range(len(means)):
        first = max(0, min(frame, len(means) - SMOOTHED))
        means[frame] = means[first : first + SMOOTHED].mean(axis=0)
    return means
