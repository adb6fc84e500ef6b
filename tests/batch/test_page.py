"""The page of a batch: what stands in it, what it never runs, and that a browser shows it."""

import re
from pathlib import Path

import pytest

from batch.job import KEPT, LEFT, Job, JobOutcome, Summary, WorkerRecord
from batch.page import HEIGHT, PICTURES, STRIPS, batch_page, strips
from options.options import Options
from tests.browser import CHROMIUM, opened
from tests.media import make_video
from video.thumbnails import thumbnails
from workers.task import DONE, FAILED, Outcome

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
        JobOutcome(3, names[3], KEPT),
        JobOutcome(4, names[4], LEFT),
    )  # fmt: skip
    return Summary(jobs, outcomes, (WorkerRecord(3, 0, 99, 1.25, 2),), tmp_path, 9.0)


def test_failed_jobs_come_first_with_their_whole_error(summary):
    html = batch_page(summary, {})
    order = re.findall(r'<tbody class="(\w+)">', html)
    assert order == [FAILED, LEFT, DONE, DONE, KEPT]
    assert "face &lt;b&gt;&amp;&lt;/b&gt; sound: no face anywhere; give another" in html
    assert "width: 25.0%" in html and "width: 75.0%" in html and "engine resident" in html
    assert "quality: look" in html and "<small>gone: look at the &lt;seam&gt;</small>" in html
    assert re.search(r'class="worker">.*>3<.*>1\.25<.*>2<.*>321<', html)


def test_nothing_is_fetched_or_run_and_links_are_relative(summary):
    html = batch_page(summary, strips(summary))
    assert "<script" not in html and "http:" not in html and "url(" not in html
    assert re.findall(r'href="([^"]*)"', html) == ["fine%20%231.mp4", "gone.mp4", "before.mp4"]
    pictures = re.findall(r'<img [^>]*src="([^"]*)"', html)
    assert len(pictures) == PICTURES
    assert all(uri.startswith("data:image/jpeg;base64,") for uri in pictures)


def test_a_video_that_is_gone_or_no_video_gets_a_note(summary, tmp_path):
    (tmp_path / "before.mp4").write_text("no video")
    made = strips(summary)
    assert sorted(made) == [0, 1, 3] and not made[1].pictures
    assert made[1].note == "the video is no longer there" and "before.mp4" in made[3].note
    assert batch_page(summary, made).count("No pictures: ") == 2


def test_the_pictures_of_many_are_bounded_and_the_page_says_so(tmp_path):
    count = STRIPS + 7
    options = Options(face=Path("a"), audio=Path("b"), outfile=tmp_path / "none.mp4")
    jobs = tuple(Job(f"{n}.mp4", "", options, "") for n in range(count))
    outcomes = tuple(Outcome(n, f"{n}.mp4", DONE) for n in range(count))
    many = Summary(jobs, outcomes, (), tmp_path, 1.0)
    assert len(strips(many)) == STRIPS
    assert f"first {STRIPS} videos; 7 more" in batch_page(many, strips(many))


def test_glimpses_are_small_and_of_different_moments(tmp_path):
    pictures = thumbnails(make_video(tmp_path / "clip.mp4"), 4, HEIGHT)
    assert len(pictures) == 4 and all(picture.shape[0] == HEIGHT for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == 4


def test_the_command_leaves_it_beside_the_summary(batch, tmp_path):
    (tmp_path / "broken.wav").write_text("no sound")
    sounds = ("one.wav", tmp_path / "broken.wav")
    ended = batch("--face", "ann.png", "--audios", *sounds, "--workers", 1)
    html = (ended.out / "summary.html").read_text(encoding="utf-8")
    assert ended.code == 8 and html.count("<img ") == PICTURES
    assert re.findall(r'<tbody class="(\w+)">', html) == [FAILED, DONE]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
def test_a_browser_shows_it(summary, tmp_path):
    path = tmp_path / "summary.html"
    path.write_text(batch_page(summary, strips(summary)), encoding="utf-8")
    dom = opened(path, tmp_path / "profile", "--dump-dom")
    states = re.findall(r'<tbody class="(\w+)">', dom)
    assert states == [FAILED, LEFT, DONE, DONE, KEPT]
    assert "no face anywhere; give another" in dom and "<script" not in dom
    assert "<title>Batch: 2 done, 1 failed</title>" in dom
