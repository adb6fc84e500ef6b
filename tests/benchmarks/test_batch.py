"""The batch benchmark's material: names as the program gives them, digests of pixels."""

import pytest

from base.errors import UsageError
from batch.flags import asked
from batch.plan import planned
from benchmarks.batch.command import main
from benchmarks.batch.material import Material, different, make_sounds, make_stills
from benchmarks.batch.runs import Setting
from tests.media import make_video


def test_names_are_those_of_the_program(tmp_path):
    material = Material(make_stills(tmp_path, 2), make_sounds(tmp_path, 3, 0.2))
    setting = Setting(material, ("--engine", "puppet"), "2", tmp_path)
    jobs = planned(asked(setting.words("out")[2:]))
    assert [job.name for job in jobs] == setting.names() and len(jobs) == len(material) == 6
    assert len({path.read_bytes() for path in (*material.faces, *material.sounds)}) == 5


def test_only_other_pixels_are_different(tmp_path):
    for folder, codec in (("one", "libx264"), ("other", "ffv1")):
        (tmp_path / folder).mkdir()
        make_video(tmp_path / folder / "same.mkv", frames=3, codec=codec)
        frames = 3 if folder == "one" else 4
        make_video(tmp_path / folder / "longer.mkv", frames=frames, codec=codec)
    names = ["same.mkv", "longer.mkv"]
    assert different(tmp_path / "one", tmp_path / "other", names) == ["longer.mkv"]


def test_unknown_flags_are_refused():
    with pytest.raises(UsageError):
        main(["--loops"])
