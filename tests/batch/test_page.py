"""The page of a batch: what it holds, what it hides, and that a browser shows it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from batch.job import Job, Summary, Worker
from batch.page import HIGH, PICTURES, STRIPS, page, strips
from pipeline.options import Options
from tests.media import make_video
from video.glimpses import glimpses
from workers.task import DONE, FAILED, KEPT, LEFT, Outcome

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
EVIL = "<script>document.title='pwned'<script>.mp4"
ERROR = "face <b>&</b> sound: no face anywhere; give another"


@pytest.fixture
def summary(tmp_path):
    names = ["fine #1.mp4", "gone.mp4", EVIL, "before.mp4", "later.mp4"]
    jobs = tuple(
        Job(name, "here", Options(face=Path("a"), audio=Path("b"), outfile=tmp_path / name), "key")
        for name in names
    )
    make_video(tmp_path / names[0])
    stages = {"faces": 1.0, "mouths": 3.0}
    outcomes = (
        Outcome(0, names[0], DONE, frames=8, seconds=4.0, seat=0, worker=3, memory_mb=321.0,
                seconds_by_stage=stages, caches={"engine": "resident"}),
        Outcome(1, names[1], DONE, frames=8, worker=3, memory_mb=123.0, verdict="look",
                notices=("gone: look at the <seam>",)),
        Outcome(2, names[2], FAILED, 4, ERROR, tries=2),
        Outcome(3, names[3], KEPT),
        Outcome(4, names[4], LEFT),
    )  # fmt: skip
    return Summary(jobs, outcomes, (Worker(3, 0, 99, 1.25, 2),), tmp_path, 9.0)


def test_failed_jobs_come_first_and_are_told_in_full(summary):
    html = page(summary, {})
    order = re.findall(r'<tbody class="(\w+)">', html)
    assert order == [FAILED, LEFT, DONE, DONE, KEPT]
    assert "face &lt;b&gt;&amp;&lt;/b&gt; sound: no face anywhere; give another" in html
    assert "width: 25.0%" in html and "width: 75.0%" in html and "engine resident" in html
    assert "quality: look" in html and "<small>gone: look at the &lt;seam&gt;</small>" in html
    assert re.search(r'class="worker">.*>3<.*>1\.25<.*>2<.*>321<', html)


def test_nothing_is_fetched_or_run_and_links_are_relative(summary):
    html = page(summary, strips(summary))
    assert "<script" not in html and "http:" not in html and "url(" not in html
    assert re.findall(r'href="([^"]*)"', html) == ["fine%20%231.mp4", "gone.mp4", "before.mp4"]
    pictures = re.findall(r'<img [^>]*src="([^"]*)"', html)
    assert len(pictures) == PICTURES
    assert all(one.startswith("data:image/jpeg;base64,") for one in pictures)


def test_a_video_that_is_gone_or_no_video_gets_a_note(summary, tmp_path):
    (tmp_path / "before.mp4").write_text("no video")
    seen = strips(summary)
    assert sorted(seen) == [0, 1, 3] and not seen[1].pictures
    assert seen[1].note == "the video is no longer there" and "before.mp4" in seen[3].note
    assert page(summary, seen).count("No pictures: ") == 2


def test_the_pictures_of_many_are_bounded_and_the_page_says_so(tmp_path):
    count = STRIPS + 7
    options = Options(face=Path("a"), audio=Path("b"), outfile=tmp_path / "none.mp4")
    jobs = tuple(Job(f"{n}.mp4", "", options, "") for n in range(count))
    outcomes = tuple(Outcome(n, f"{n}.mp4", DONE) for n in range(count))
    many = Summary(jobs, outcomes, (), tmp_path, 1.0)
    assert len(strips(many)) == STRIPS
    assert f"first {STRIPS} videos; 7 more" in page(many, strips(many))


def test_glimpses_are_small_and_of_different_moments(tmp_path):
    seen = glimpses(make_video(tmp_path / "clip.mp4"), 4, HIGH)
    assert len(seen) == 4 and all(one.shape[0] == HIGH for one in seen)
    assert len({one.tobytes() for one in seen}) == 4


def test_the_command_leaves_it_beside_the_summary(batch, tmp_path):
    (tmp_path / "broken.wav").write_text("no sound")
    sounds = ("one.wav", tmp_path / "broken.wav")
    ended = batch("--face", "ann.png", "--audios", *sounds, "--workers", 1)
    html = (ended.out / "summary.html").read_text(encoding="utf-8")
    assert ended.code == 8 and html.count("<img ") == PICTURES
    assert re.findall(r'<tbody class="(\w+)">', html) == [FAILED, DONE]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
def test_a_browser_shows_it(summary, tmp_path):
    place = tmp_path / "summary.html"
    place.write_text(page(summary, strips(summary)), encoding="utf-8")
    words = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    words += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=1000"]
    ran = subprocess.run(
        [*words, place.as_uri()], capture_output=True, text=True, timeout=60, check=True
    )
    dom = ran.stdout
    states = re.findall(r'<tbody class="(\w+)">', dom)
    assert states == [FAILED, LEFT, DONE, DONE, KEPT]
    assert "no face anywhere; give another" in dom and "<script" not in dom
    assert "<title>Batch: 2 done, 1 failed</title>" in dom
