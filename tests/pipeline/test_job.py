"""What the user is told of the inputs before the work."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from base.errors import InputError
from options.options import Options
from pipeline.job import open_job
from pipeline.settings import settings_of
from tests.jobs import PORTRAIT
from tests.media import make_sound, make_video, numbered

HLG = {"colorspace": 9, "color_primaries": 9, "color_trc": 18, "color_range": 1}


@pytest.fixture
def options(tmp_path):
    return Options(
        face=tmp_path / "face.mp4",
        audio=make_sound(tmp_path / "sound.wav", seconds=0.4),
        outfile=tmp_path / "result.mp4",
    )


def notices_of(options):
    return open_job(settings_of(options)).notices


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, ("is HDR (HLG): the result is, too, in yuv420p10le by libx265",)),
        ({"encoder": "libx264"}, ("is HDR (HLG): the result is, too, in yuv420p10le by libx264",)),
        ({"encoder": "libvpx-vp9"}, ("libvpx-vp9 has 8 bits", "--encoder auto")),
    ],
)
def test_what_becomes_of_hdr_is_said(options, more, words):
    make_video(options.face, size=(320, 240), codec="libx265", pix_fmt="yuv420p10le", tags=HLG)
    (notice,) = notices_of(replace(options, **more))
    assert notice.startswith(str(options.face))
    assert all(word in notice for word in words)


def test_of_a_plain_video_nothing_is_said(options):
    make_video(options.face, size=(320, 240))
    assert notices_of(options) == ()


def test_pictures_that_move_are_a_video(options):
    """Their own rate counts, and `--max_pixels` and `--max_seconds` hold."""
    first, *others = (Image.fromarray(numbered(n)[..., ::-1]) for n in range(3))
    first.save(options.face, "GIF", save_all=True, append_images=others, duration=40)
    job = open_job(settings_of(replace(options, fps=Fraction(30))))
    assert not job.source.still
    assert (job.target.fps, len(job.windows), job.size) == (25, 10, (64, 48))
    assert job.notices == (f"--fps is for a still: {options.face} keeps its 25",)
    with pytest.raises(InputError, match="--max_pixels"):
        open_job(settings_of(replace(options, max_pixels=1000)))
    with pytest.raises(InputError, match="--max_seconds"):
        open_job(settings_of(replace(options, max_seconds=0.1)))


def test_noise_that_is_cleaned_away_moves_no_mouth_and_is_heard(options, tmp_path):
    noise = np.random.default_rng(1).normal(0, 0.1, (1, 32_000)).astype(np.float32)
    sound = make_sound(tmp_path / "noise.wav", samples=noise)
    noisy = replace(options, audio=sound, face=PORTRAIT)
    jobs = [open_job(settings_of(replace(noisy, clean_voice=clean))) for clean in (False, True)]
    assert [job.windows.speaking[10:].mean() > 0.5 for job in jobs] == [True, False]
    assert [job.target.sound for job in jobs] == [sound] * 2
