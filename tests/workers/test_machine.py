import pytest

from workers.machine import available_memory, fitting_workers

GB = 1 << 30


@pytest.mark.parametrize(
    ("jobs", "cores", "memory", "expected"),
    [
        (100, 8, 64 * GB, 8),
        (3, 8, 64 * GB, 3),
        (100, 8, 3 * GB + 5, 3),
        (100, 8, GB // 2, 1),
        (100, 8, None, 8),
    ],
)
def test_a_worker_for_each_core_with_a_gigabyte_and_a_job(jobs, cores, memory, expected):
    assert fitting_workers(jobs, cores, memory) == expected


def test_this_machine_has_memory():
    memory = available_memory()
    assert memory is None or memory > 0


def test_a_container_s_memory_counts(tmp_path, monkeypatch):
    monkeypatch.setattr("workers.machine.CGROUP", tmp_path)
    for name, text in (("max", "5000"), ("current", "3000"), ("stat", "anon 1\ninactive_file 100")):
        (tmp_path / f"memory.{name}").write_text(text)
    assert available_memory() == 2100
