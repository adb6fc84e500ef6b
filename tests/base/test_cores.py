"""Usable cores: affinity and CPU quotas of both versions of control groups, in made folders."""

import os

import pytest

from base import cores

V2, V1 = "0::", "4:cpu,cpuacct:"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of eight cores with these files, in which the process is in this group."""
    monkeypatch.setattr(cores, "CGROUPS", tmp_path / "mount")
    monkeypatch.setattr(cores, "OWN_CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)

    def made(files, *own):
        for name, text in files.items():
            path = tmp_path / "mount" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        (tmp_path / "cgroup").write_text("".join(f"{line}\n" for line in ("3:cpuset:/x", *own)))

    return made


def v1(folder, quota, period=100_000):
    return {f"{folder}/cpu.cfs_quota_us": str(quota), f"{folder}/cpu.cfs_period_us": str(period)}


def test_only_a_quota_below_the_cores_in_sight_is_one(machine):
    machine({"cpu.max": "300000 100000"}, "0::/")
    assert cores.quota_cores() == 3
    machine({"cpu.max": "800000 100000"}, "0::/")
    assert cores.quota_cores() is None


CASES = {
    "nothing known": ({}, (), 8),
    "v2, a container's own": ({"cpu.max": "300000 100000"}, (f"{V2}/",), 3),
    "v2, no quota": ({"cpu.max": "max 100000"}, (f"{V2}/",), 8),
    "v2, half a core": ({"cpu.max": "50000 100000"}, (f"{V2}/",), 1),
    "v2, one and a half": ({"cpu.max": "150000 100000"}, (f"{V2}/",), 1),
    "v2, more than there are": ({"cpu.max": "6400000 100000"}, (f"{V2}/",), 8),
    "v2, nested": ({"a/b/cpu.max": "500000 100000"}, (f"{V2}/a/b",), 5),
    "v2, an ancestor": (
        {"a/cpu.max": "200000 100000", "a/b/cpu.max": "max 100000"},
        (f"{V2}/a/b",),
        2,
    ),
    "v2, the smallest": (
        {"a/cpu.max": "400000 100000", "a/b/cpu.max": "200000 50000", "cpu.max": "5 1"},
        (f"{V2}/a/b",),
        4,
    ),
    "v2, another's": ({"c/cpu.max": "200000 100000"}, (f"{V2}/a",), 8),
    "v2, outside of the mount": ({"cpu.max": "200000 100000"}, (f"{V2}/../../other",), 2),
    "v2, no numbers": ({"cpu.max": "many", "a/cpu.max": "0 0"}, (f"{V2}/a",), 8),
    "v1, a container's own": (v1("cpu", 200_000), (f"{V1}/docker/123",), 2),
    "v1, no quota": (v1("cpu", -1), (f"{V1}/",), 8),
    "v1, nested": (v1("cpu/a/b", 150_000, 50_000), (f"{V1}/a/b",), 3),
    "v1, an ancestor": (v1("cpu", 600_000) | v1("cpu/a", -1), (f"{V1}/a",), 6),
    "v1, a colon in its name": (v1("cpu/a:b", 300_000), (f"{V1}/a:b",), 3),
    "both": (v1("cpu", 300_000) | {"a/cpu.max": "200000 100000"}, (f"{V1}/", f"{V2}/a"), 2),
}


@pytest.mark.parametrize("case", CASES)
def test_the_smallest_limit_counts(machine, case):
    files, own, expected = CASES[case]
    machine(files, *own)
    assert cores.usable_cores() == expected


def test_affinity_counts(machine, monkeypatch):
    machine({"cpu.max": "300000 100000"}, f"{V2}/")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 5}, raising=False)
    assert cores.usable_cores() == 2


def test_where_the_system_does_not_tell_its_groups_the_mount_s_own_quota_counts(machine, tmp_path):
    machine({"cpu.max": "300000 100000"})
    (tmp_path / "cgroup").unlink()
    assert cores.usable_cores() == 3


@pytest.mark.parametrize("content", [b"\xff\xfe", b"no line of its kind\n"])
def test_what_cannot_be_read_is_passed_over(machine, tmp_path, content):
    machine({"cpu.max": "300000 100000", "a/cpu.max": "100000 100000"})
    (tmp_path / "cgroup").write_bytes(content)
    assert cores.usable_cores() == 3
    (tmp_path / "mount" / "cpu.max").write_bytes(content)
    assert cores.usable_cores() == 8


def test_this_machine_has_a_core():
    assert 1 <= cores.usable_cores() <= os.cpu_count()
