"""Frames of a decoder are used where they lie, and copied before an encoder gets them."""

from fractions import Fraction

import numpy as np

from base.geometry import Rect
from tests.media import make_video
from video.shape import Shape
from video.source import open_source
from video.writer import Target, write_video

RATE = Fraction(25)
# a message of H.264 with captions for televisions, which FFmpeg attaches to the decoded frame
CAPTIONS = b"\xb5\x00\x31GA94\x03\x41\xff\xfcAB\xff"
SEI, REGISTERED_DATA, LAST_BIT, FIRST_SLICE = 6, 4, 0x80, b"\x00\x00\x01\x65"


def make_captioned(path):
    before, slices, after = make_video(path, frames=3).read_bytes().partition(FIRST_SLICE)
    header = bytes([0, 0, 1, SEI, REGISTERED_DATA, len(CAPTIONS)])
    path.write_bytes(before + header + CAPTIONS + bytes([LAST_BIT]) + slices + after)
    return path


def test_an_encoder_gets_nothing_that_a_decoder_attached(tmp_path):
    source = open_source(make_captioned(tmp_path / "a.h264"), Shape(), RATE)
    kinds = {block.type.name for block in source.first.av_frame.side_data}
    assert "A53_CC" in kinds
    write_video(source.frames(), Target(tmp_path / "b.mp4", source.fps, 64, 48))
    assert b"GA94" not in (tmp_path / "b.mp4").read_bytes()


def test_a_frame_is_copied_where_it_is_changed_or_goes_to_an_encoder(tmp_path):
    source = open_source(make_video(tmp_path / "a.mp4", frames=3), Shape(), RATE)
    for frame in source.frames():
        assert frame.decoded
        rect = Rect(0, 16, 0, 16)
        changed = frame.with_region(rect, 255 - frame.region(rect))
        assert not changed.decoded and changed.for_encoder() is changed
        copy = frame.for_encoder()
        assert not copy.decoded and all(map(np.array_equal, copy.planes(), frame.planes()))
