"""What is known before the work, and in which order."""

from dataclasses import replace
from fractions import Fraction

import pytest

from base.errors import EngineError, OutOfMemoryError, OutputError
from options.options import Options
from pipeline import preflight
from pipeline.preflight import estimate, in_words, picture_bytes
from pipeline.report import Clock
from pipeline.run import lipsync
from pipeline.settings import settings_of
from pipeline.stages import stages_of
from tests.checkpoints import flat_weights, save_bare, save_other_network
from tests.media import make_sound, make_video
from video.encoders import ENCODERS
from video.writer import Target


@pytest.fixture
def job(tmp_path):
    return Options(
        face=make_video(tmp_path / "face.mp4", frames=10, size=(160, 120)),
        audio=make_sound(tmp_path / "sound.wav", seconds=0.4),
        outfile=tmp_path / "out" / "result.mp4",
        cache_dir=tmp_path / "cache",
    )


def seen_first(options, **stages):
    """What the run raises; looking for faces is a failure."""
    blind = lambda: pytest.fail("faces are looked for")  # noqa: E731
    settings = settings_of(options)
    return lipsync(
        settings, replace(stages_of(settings), detector=blind, **stages), lambda s: None, Clock()
    )


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_a_checkpoint_is_read_before_faces_are_looked_for(job, tmp_path, engine):
    """Its header is in order; it is the weights that are not Wav2Lip's."""
    other = save_other_network(tmp_path / "other.pth")
    with pytest.raises(EngineError, match="another network"):
        seen_first(replace(job, checkpoint_path=other, engine=engine, device="cpu"))


def test_the_network_is_read_once_and_nothing_of_it_is_kept(job, tmp_path, monkeypatch):
    from wav2lip.generators import openvino_engine

    checkpoint = save_bare(flat_weights(), tmp_path / "flat.pth")
    read = []
    load_weights = openvino_engine.load_weights
    monkeypatch.setattr(
        openvino_engine, "load_weights", lambda path: read.append(path) or load_weights(path)
    )
    given = replace(job, checkpoint_path=checkpoint, device="cpu", box=(20, 100, 30, 130))
    settings = settings_of(given)
    report = lipsync(settings, stages_of(settings), lambda step: None, Clock())
    assert report.caches == {"track": "miss", "network": "off"} and len(read) == 1
    assert {path.name for path in given.cache_dir.iterdir()} == {"tracks", "compiled"}


def test_too_little_memory_is_known_before_it_is_missed(job):
    with pytest.raises(OutOfMemoryError):
        seen_first(replace(job, engine="puppet"), memory=1 << 60)


def target(path, size=(1280, 720), crf=18, sound=None):
    return Target(path, Fraction(25), *size, sound=sound, crf=crf)


@pytest.mark.parametrize(("free", "enough"), [(8_000_000, True), (190_000, True), (90_000, False)])
def test_room_is_refused_only_where_it_cannot_do(tmp_path, monkeypatch, free, enough):
    """250 frames of 720p are estimated at 1.4 MB."""
    monkeypatch.setattr(preflight, "free_bytes", lambda path: free)
    if enough:
        found = estimate(target(tmp_path / "r.mp4"), ENCODERS["libx264"], 250)
        assert (found.free_bytes, found.seconds) == (free, 10.0)
        assert found.estimated_bytes == 1_440_000
        return
    with pytest.raises(OutputError, match=r"r\.mp4: no room: .*1\.4 MB .* 90 kB .*--outfile"):
        estimate(target(tmp_path / "r.mp4"), ENCODERS["libx264"], 250)


def test_quality_and_losslessness_count(tmp_path):
    sizes = [
        picture_bytes(target(tmp_path / "r.mkv", crf=crf), ENCODERS[name], 10)
        for name, crf in (("libx264", 24), ("libx264", 18), ("libx264", 0), ("ffv1", 18))
    ]
    assert sizes[1] == 2 * sizes[0] and sizes[2] == sizes[3] > 20 * sizes[1]


def test_sound_is_no_more_than_its_file(tmp_path):
    sound = make_sound(tmp_path / "a.mp3", 1.0)
    whole = sound.stat().st_size
    found = preflight.sound_bytes(target(tmp_path / "r.mp4", sound=sound), Fraction(100))
    assert found == whole
    assert preflight.sound_bytes(target(tmp_path / "r.mp4", sound=sound), Fraction(1, 10)) == 2400


def test_free_space_beside_a_file_whose_folder_is_not_there(tmp_path):
    assert preflight.free_bytes(tmp_path / "a" / "b" / "r.mp4") > 0


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (78_697_373_696, "79 GB")],
)
def test_sizes_in_words(count, words):
    assert in_words(count) == words
