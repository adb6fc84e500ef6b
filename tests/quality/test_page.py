"""One page that holds everything, opened in a browser where there is one."""

import re
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from quality.curves import curve_of, scaled
from quality.measured import Measured
from quality.page import page
from quality.strip import Shot, Strip, most_changed, spread
from quality.sync import NOTHING, Sync
from quality.verdict import BOUNDS
from tests.media import noise

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
EVIL = "<script>document.title='pwned'</script>.mp4"


@pytest.fixture
def seen():
    shots = tuple(Shot(i, noise(i, 192, 192), noise(i + 1, 192, 192)) for i in range(0, 50, 2))
    wave = np.abs(np.sin(np.arange(50) / 4))
    return Measured(
        result=Path("result.mp4"),
        source=Path("face & voice.png"),
        fps=Fraction(25),
        values={bound.meter: bound.passes for bound in BOUNDS},
        openings=np.where(np.arange(50) == 7, np.nan, wave),
        loudness=wave,
        sync=Sync(10.0, 0.9, 1.0, tuple((40.0 * k, 1 / (1 + k * k)) for k in range(-15, 16))),
        shots=shots,
    )


def test_nothing_is_fetched_and_nothing_is_run(seen):
    html = page(seen)
    assert "<script" not in html
    links = re.findall(r"(?:src|href)\s*=\s*\"([^\"]*)", html)
    assert links and all(link.startswith("data:image/jpeg;base64,") for link in links)
    assert "http:" not in html and "https:" not in html and "url(" not in html


def test_names_are_shown_and_not_obeyed(seen):
    html = page(replace(seen, result=Path(EVIL.replace("/", ""))))
    assert "<script" not in html and "&lt;script&gt;" in html
    assert "face &amp; voice.png" in html


def test_every_figure_is_told(seen):
    html = page(replace(seen, values={**seen.values, "seam": 9.0, "jitter": None}))
    for bound in BOUNDS:
        assert bound.title in html and bound.failing in html
    assert "Something is wrong" in html and "not measured" in html


def test_without_source_lag_or_face_in_between_there_still_is_a_page(seen):
    alone = tuple(replace(shot, before=None) for shot in seen.shots[:1])
    bare = replace(seen, source=None, sync=NOTHING, shots=alone, values={})
    html = page(bare)
    assert "Before and after" not in html and "Too early" not in html
    assert "Nothing could be measured" in html


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
def test_a_browser_shows_it(seen, tmp_path):
    place = tmp_path / "page.html"
    place.write_text(page(replace(seen, result=Path(EVIL.replace("/", "")))), encoding="utf-8")
    words = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1000,2200"]
    words += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=1000"]
    picture = tmp_path / "page.png"
    both = [f"--screenshot={picture}", "--dump-dom"]
    shown = [
        subprocess.run(
            [*words, way, place.as_uri()], capture_output=True, text=True, timeout=60, check=True
        ).stdout
        for way in both
    ]
    assert picture.stat().st_size > 20_000
    dom = shown[1]
    assert dom.count('<span class="badge">') == len(BOUNDS)
    assert "<title>pwned" not in dom and "script" in re.search(r"<title>(.*?)</title>", dom)[1]


def test_a_curve_breaks_off_where_nothing_is_known():
    path = scaled(np.array([0.0, 1.0, np.nan, 1.0, 0.0]))
    assert path.count("M") == 2 and path.count("L") == 2
    assert scaled(np.full(4, np.nan)) == ""


def test_the_lag_is_marked_at_its_place():
    curve = curve_of(((-100.0, 0.0), (0.0, 0.5), (100.0, 1.0)), 100.0)
    assert (curve.zero, curve.best) == (500.0, 1000.0)
    assert curve.ends == ("-100 ms", "100 ms")


class Passing:
    def __init__(self, index):
        self.index, self.crop, self.before = index, np.zeros((2, 2, 3), np.uint8), None


def test_however_long_a_clip_its_strip_is_short_and_even():
    strip = Strip()
    assert len(list(strip.watched(map(Passing, range(1000))))) == 1000
    places = [shot.index for shot in strip.shots]
    assert 16 <= len(places) <= 32 and len(set(np.diff(places))) == 1 and places[-1] > 900
    chosen = [shot.index for shot in spread(strip.shots, 4)]
    assert np.allclose(chosen, [125, 375, 625, 875], atol=40)


def test_the_moments_that_changed_most_come_in_their_order(seen):
    dark = np.zeros((192, 192, 3), np.uint8)
    shots = [Shot(i, dark + level, dark) for i, level in enumerate((5, 90, 1, 70))]
    assert [shot.index for shot in most_changed(shots, 2)] == [1, 3]
