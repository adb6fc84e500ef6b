"""What every blend method promises."""

import numpy as np
import pytest

from base.geometry import Affine, Box, Landmarks, Rect
from blending.masks import MaskShape
from blending.methods import BLENDERS, BlendSettings
from blending.patch import Patch, cut_square
from blending.texture import Donor, Donors, Texture
from faces.face import Face
from tests.blending.seen_faces import in_box, portrait, stored_face
from tests.cases import each

BOX = Box(12.3, 140.8, 20.6, 121.1)
RECT = Rect(10, 142, 18, 124)
SOURCE = np.full((96, 96, 3), 128, np.uint8)


@pytest.fixture
def face():
    return np.random.default_rng(1).uniform(0, 255, (*RECT.size[::-1], 3)).astype(np.float32)


@pytest.fixture(params=["no lips", "lips", "rolled", "turned", "wide open"])
def seen(request):
    """A face in BOX, whose lips are seen or not."""
    if request.param == "no lips":
        return Face(BOX, Landmarks.fixed(BOX), 1.0)
    name = {"turned": "turned_far", "wide open": "wide_open"}.get(request.param)
    return in_box(stored_face(name) if name else portrait(), BOX, 0.3 * (request.param == "rolled"))


@pytest.fixture(params=["no texture", "a still", "donors"])
def texture(request, seen):
    """What the clip offers to the face; nothing where no lips are seen."""
    if seen.lips is None or request.param == "no texture":
        return None
    lips = seen.lips.mapped(Affine.shift(-RECT.left, -RECT.top))
    pictures = np.random.default_rng(6).integers(0, 255, (2, *RECT.size[::-1], 3), np.uint8)
    donors = Donors.of([Donor(picture, lips) for picture in pictures])
    return Texture(lips, donors if request.param == "donors" else None)


@pytest.fixture
def patch(texture):
    pixels = np.random.default_rng(2).integers(0, 255, (96, 96, 3), np.uint8)
    return Patch.for_box(pixels, BOX, RECT, SOURCE, texture)


def mask_for(settings, seen):
    return settings.outline(seen.box, seen.landmarks, seen.lips).mask(RECT)


@each("method", BLENDERS)
@each("sharpen", [0.0, 2.0])
def test_pixels_outside_the_mask_stay(method, sharpen, face, patch, seen):
    settings = BlendSettings(method, MaskShape(0.4, 41), sharpen)
    mask = mask_for(settings, seen)
    new = settings.blend(patch, face, mask, BOX)
    assert new.shape == face.shape and new.dtype == np.float32
    assert (new[mask == 0] == face[mask == 0]).all()
    assert not np.array_equal(new, face)


@each("method", BLENDERS)
def test_inputs_are_not_changed(method, face, patch, seen):
    settings = BlendSettings(method, sharpen=0.5)
    before, pixels = face.copy(), patch.pixels.copy()
    settings.blend(patch, face, mask_for(settings, seen), BOX)
    assert np.array_equal(face, before) and np.array_equal(patch.pixels, pixels)


@each("method", BLENDERS)
def test_the_middle_of_the_mask_is_the_new_mouth(method, face, seen, texture):
    source = cut_square(face, RECT, BOX)
    flat = Patch.for_box(np.full((96, 96, 3), 252, np.uint8), BOX, RECT, source, texture)
    settings = BlendSettings(method, match_color=False)
    mask = mask_for(settings, seen)
    core = settings.blend(flat, face, mask, BOX)[mask > 0.999]
    assert np.abs(core - 252).max() < 1


def test_a_face_cut_and_put_back_lies_where_it_was():
    """Cutting and pasting use one map, so the mouth neither lags nor shifts."""
    y, x = np.mgrid[0 : RECT.size[1], 0 : RECT.size[0]].astype(np.float32)
    smooth = np.stack([x, y, x + y], axis=2)
    pasted = Patch.for_box(cut_square(smooth, RECT, BOX), BOX, RECT, SOURCE).warp_pixels(smooth)
    inner = (slice(8, -8), slice(8, -8))
    assert np.abs(pasted[inner] - smooth[inner]).mean() < 0.5


def test_cutting_rounds_to_the_nearest_level():
    """100.6 becomes 101; truncated it would be 100."""
    region = np.full((*RECT.size[::-1], 3), 100.6, np.float32)
    assert (cut_square(region, RECT, BOX) == 101).all()


@each("method", [name for name in BLENDERS if name != "original"])
@each("blur", [0, 255])
def test_skin_beside_the_mouth_stays_as_sharp_as_it_was(method, blur, seen, texture):
    """The plain paste is left out: it blurs the whole box.

    Filtering the whole box would leave 7 % of the texture, halving the resolution 39 %.
    """
    skin = np.random.default_rng(4).uniform(60, 200, (*RECT.size[::-1], 3)).astype(np.float32)
    source = cut_square(skin, RECT, BOX)
    pixels = source.copy()
    pixels[72:84, 36:60] = 30
    settings = BlendSettings(method, MaskShape(0.6, blur))
    out = settings.blend(
        Patch.for_box(pixels, BOX, RECT, source, texture), skin, mask_for(settings, seen), BOX
    )
    beside = (slice(70, 80), slice(8, 30))
    assert out[beside].std() > 0.9 * skin[beside].std()


@pytest.mark.parametrize("wrong", [{"method": "magic"}, {"sharpen": 3.0}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError):
        BlendSettings(**wrong)


def test_a_patch_of_another_size_is_refused():
    with pytest.raises(ValueError, match="squares of one size"):
        Patch.for_box(np.zeros((128, 128, 3), np.uint8), BOX, RECT, SOURCE)
