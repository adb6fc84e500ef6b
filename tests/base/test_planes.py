import numpy as np
import pytest

from base.geometry import Rect
from base.packing import BGR_PIXELS, PlaneAfterPlane
from base.planes import Planes
from video.yuv import Frame

PICTURE = np.random.default_rng(2).integers(0, 256, (24, 32, 3), dtype=np.uint8)
LAYOUTS = ["yuv420p", "yuv422p", "yuv444p"]


def planes_of(layout):
    return Frame.of_picture(PICTURE, layout).samples


@pytest.mark.parametrize("layout", LAYOUTS)
def test_planes_are_packed_and_unpacked(layout):
    planes = planes_of(layout)
    packing = PlaneAfterPlane(planes.size, len(planes.planes), planes.cell, planes.colors)
    packed = packing.pack(planes.planes)
    assert packing.holds(packed) and not packing.holds(packed[1:])
    unpacked = packing.unpack(packed)
    assert unpacked.equals(planes)
    assert all(np.shares_memory(plane, packed) for plane in unpacked.planes)


def test_bgr_is_three_planes():
    planes = BGR_PIXELS.unpack(PICTURE)
    assert np.array_equal(planes.region(Rect(3, 9, 5, 30)), PICTURE[3:9, 5:30])
    assert np.array_equal(BGR_PIXELS.pack(planes.planes), PICTURE)
    assert not BGR_PIXELS.holds(PICTURE[..., 0])


def test_a_packed_picture_has_whole_cells():
    planes = planes_of("yuv420p")
    with pytest.raises(ValueError, match="whole number"):
        PlaneAfterPlane((32, 23), 3, (2, 2), planes.colors)


@pytest.mark.parametrize("step", [1, 3, 4])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_so_many_pixels_are_those_of_the_whole(layout, step):
    planes = planes_of(layout)
    whole = planes.region(Rect(0, 24, 0, 32))
    assert np.allclose(planes.every(step), whole[::step, ::step], atol=1e-4)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_differing_rectangle_holds_whole_cells(layout):
    planes, other = planes_of(layout), planes_of(layout).copy()
    assert planes.differing(other) is None and planes.equals(other)
    other.planes[0][5, 7] ^= 1
    assert planes.differing(other) == Rect(5, 6, 7, 8) and not planes.equals(other)
    across, along = planes.cell
    other.planes[2][3, 10] ^= 1
    left, right = min(7, 10 * across), max(8, 11 * across)
    assert planes.differing(other) == Rect(min(5, 3 * along), max(6, 4 * along), left, right)


def test_a_mix_lies_between():
    light, dark = (Planes.of_bgr(np.full_like(PICTURE, level)) for level in (200, 100))
    assert {int(plane.max()) for plane in dark.mixed(light, 0.3).planes} == {130}
