"""The batch benchmark's material: names like the program's, digests of pixels."""

import pytest

from base.errors import UsageError
from batch.flags import parse_batch_options
from batch.plan import plan_jobs
from benchmarks.batch.command import main
from benchmarks.batch.material import Material, differing_videos, make_sounds, make_stills
from benchmarks.batch.runs import BatchSetup
from tests.media import make_video


def test_names_are_those_of_the_program(tmp_path):
    material = Material(make_stills(tmp_path, 2), make_sounds(tmp_path, 3, 0.2))
    setup = BatchSetup(material, ("--engine", "puppet"), "2", tmp_path)
    jobs = plan_jobs(parse_batch_options(setup.command_line("out")[2:]))
    assert [job.name for job in jobs] == setup.names() and len(jobs) == len(material) == 6
    assert len({path.read_bytes() for path in (*material.faces, *material.sounds)}) == 5


def test_only_videos_with_other_pixels_differ(tmp_path):
    for folder, codec in (("first", "libx264"), ("second", "ffv1")):
        (tmp_path / folder).mkdir()
        make_video(tmp_path / folder / "same.mkv", frames=3, codec=codec)
        frames = 3 if folder == "first" else 4
        make_video(tmp_path / folder / "longer.mkv", frames=frames, codec=codec)
    names = ["same.mkv", "longer.mkv"]
    assert differing_videos(tmp_path / "first", tmp_path / "second", names) == ["longer.mkv"]


def test_unknown_flags_are_refused():
    with pytest.raises(UsageError):
        main(["--loops"])
