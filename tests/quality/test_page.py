"""The page holds everything itself; it is opened in a browser where there is one."""

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from quality.curves import lag_curve, time_curve
from quality.measurement import Measurement
from quality.page import quality_page
from quality.snapshots import Snapshot, Snapshots, evenly_spaced, most_changed
from quality.sync import NO_SYNC, Sync
from quality.verdict import BOUNDS
from tests.browser import CHROMIUM, opened
from tests.media import noise

EVIL = "<script>document.title='pwned'</script>.mp4"


@pytest.fixture
def measurement():
    snapshots = tuple(
        Snapshot(i, noise(i, 192, 192), noise(i + 1, 192, 192)) for i in range(0, 50, 2)
    )
    wave = np.abs(np.sin(np.arange(50) / 4))
    return Measurement(
        result=Path("result.mp4"),
        source=Path("face & voice.png"),
        fps=Fraction(25),
        values={bound.meter: bound.passes for bound in BOUNDS},
        seen_by="lips",
        openings=np.where(np.arange(50) == 7, np.nan, wave),
        loudness=wave,
        sync=Sync(10.0, 0.9, 1.0, tuple((40.0 * k, 1 / (1 + k * k)) for k in range(-15, 16))),
        snapshots=snapshots,
    )


def test_nothing_is_fetched_and_nothing_is_run(measurement):
    html = quality_page(measurement)
    assert "<script" not in html
    links = re.findall(r"(?:src|href)\s*=\s*\"([^\"]*)", html)
    assert links and all(link.startswith("data:image/jpeg;base64,") for link in links)
    assert "http:" not in html and "https:" not in html and "url(" not in html


def test_names_are_shown_and_never_act_as_markup(measurement):
    html = quality_page(replace(measurement, result=Path(EVIL.replace("/", ""))))
    assert "<script" not in html and "&lt;script&gt;" in html
    assert "face &amp; voice.png" in html


def test_every_figure_is_on_the_page(measurement):
    html = quality_page(
        replace(measurement, values={**measurement.values, "seam": 9.0, "jitter": None})
    )
    for bound in BOUNDS:
        assert bound.title in html and bound.failing in html
    assert "Something is wrong" in html and "not measured" in html
    assert "seen by its lips" in html
    assert "no lips seen" in quality_page(replace(measurement, seen_by="light"))


def test_without_source_lag_or_face_in_between_there_still_is_a_page(measurement):
    alone = tuple(replace(snapshot, source=None) for snapshot in measurement.snapshots[:1])
    bare = replace(measurement, source=None, sync=NO_SYNC, snapshots=alone, values={})
    html = quality_page(bare)
    assert "Before and after" not in html and "Too early" not in html
    assert "Nothing could be measured" in html


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
def test_a_browser_shows_it(measurement, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(
        quality_page(replace(measurement, result=Path(EVIL.replace("/", "")))), encoding="utf-8"
    )
    picture, profile = tmp_path / "page.png", tmp_path / "profile"
    words = ("--window-size=1000,2200", f"--screenshot={picture}", "--dump-dom")
    dom = opened(path, profile, *words)
    assert picture.stat().st_size > 20_000
    assert dom.count('<span class="badge">') == len(BOUNDS)
    assert "<title>pwned" not in dom and "script" in re.search(r"<title>(.*?)</title>", dom)[1]


def test_a_curve_breaks_off_where_nothing_is_known():
    path = time_curve(np.array([0.0, 1.0, np.nan, 1.0, 0.0]))
    assert path.count("M") == 2 and path.count("L") == 2
    assert time_curve(np.full(4, np.nan)) == ""


def test_the_lag_is_marked_at_its_place():
    curve = lag_curve(((-100.0, 0.0), (0.0, 0.5), (100.0, 1.0)), 100.0)
    assert (curve.zero, curve.best) == (500.0, 1000.0)
    assert curve.ends == ("-100 ms", "100 ms")


class PassingFrame:
    def __init__(self, index):
        self.index, self.crop, self.source_crop = index, np.zeros((2, 2, 3), np.uint8), None


def test_however_long_a_clip_its_snapshots_are_few_and_evenly_spaced():
    snapshots = Snapshots()
    assert len(list(snapshots.observe(map(PassingFrame, range(1000))))) == 1000
    kept = [snapshot.index for snapshot in snapshots.kept]
    assert 16 <= len(kept) <= 32 and len(set(np.diff(kept))) == 1 and kept[-1] > 900
    chosen = [snapshot.index for snapshot in evenly_spaced(snapshots.kept, 4)]
    assert np.allclose(chosen, [125, 375, 625, 875], atol=40)


def test_the_moments_that_changed_most_come_in_their_order(measurement):
    dark = np.zeros((192, 192, 3), np.uint8)
    snapshots = [Snapshot(i, dark + level, dark) for i, level in enumerate((5, 90, 1, 70))]
    assert [snapshot.index for snapshot in most_changed(snapshots, 2)] == [1, 3]
