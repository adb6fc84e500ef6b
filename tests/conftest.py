"""What holds for every test.

`make test` runs files side by side, each file in one process: what is module-wide is made once, and
what tests do to their process (signals, limits, threads that are counted) concerns no other file.
"""

import fcntl
import gc
import os
import signal
from pathlib import Path

import pytest

from base.environment import prepare_environment

prepare_environment()  # before numpy is loaded
# the machine's own checkpoints are not searched, and no mode is anybody's default
for variable in [name for name in os.environ if name.endswith(("_CKPT", "_CKPT_DIR"))]:
    del os.environ[variable]
for variable in ("MODEL_ROOT", "LIVEPORTRAIT_DIR", "DEFAULT_QUALITY_MODE"):
    os.environ.pop(variable, None)
SIDE_BY_SIDE = "PYTEST_XDIST_WORKER" in os.environ
if SIDE_BY_SIDE:
    # torch's threads spin while they wait for each other: beside others that takes twice as long
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parent.parent
# These take longest; they begin first, so that no process is left alone with one at the end.
LONG = (
    "tests/web/test_page.py",
    "tests/web/test_jobs.py",
    "tests/wav2lip/test_generators.py",
    "tests/web/test_command_socket.py",
    "tests/video/test_writer.py",
    "tests/wav2lip/test_checkpoint.py",
    "tests/command/test_stopping.py",
    "tests/command/test_faults.py",
    "tests/command/test_cli.py",
    "tests/pipeline/test_gating.py",
    "tests/test_host_contract.py",
    "tests/quality/test_lips_meters.py",
    "tests/speech/test_voices.py",
    "tests/pipeline/test_track_cache.py",
    "tests/base/test_memory.py",
    "tests/test_install.py",
    "tests/batch/test_batch.py",
    "tests/batch/test_addresses.py",
    "tests/blending/test_lip_masks.py",
    "tests/video/test_source.py",
    "tests/pipeline/test_words.py",
)

# Files that share what takes long to start go to one process together.
TOGETHER = ("tests/web/",)  # two servers and a browser
ALONE = ("tests/web/test_command_socket.py",)  # has a server of its own


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hand out whole files, and those that share something together."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            shared = [start for start in TOGETHER if file.startswith(start) and file not in ALONE]
            return shared[0] if shared else file

    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Nothing of what collection makes is garbage: it is never looked through."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items):
    begins = {ROOT / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: begins.get(item.path, len(LONG)))


def pytest_configure():
    """Children hear signals also where the tests were started by nohup, or in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: None)


@pytest.fixture(scope="session", autouse=True)
def kept(tmp_path_factory):
    """One cache for all tests that name no folder of their own: networks are compiled once."""
    os.environ["XDG_CACHE_HOME"] = str(_shared(tmp_path_factory) / "cache")


def _shared(tmp_path_factory):
    """A folder that is the same for all workers."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if SIDE_BY_SIDE else folder


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A checkpoint file of the whole network, 145 MB, written once for all workers."""
    from tests.checkpoints import ruled_weights, save_bare  # torch, which few tests need

    path = _shared(tmp_path_factory) / "wav2lip.pth"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            save_bare(ruled_weights(), path.with_suffix(".part")).replace(path)
    return path


@pytest.fixture(scope="session")
def weights(checkpoint):
    """The tensors of that checkpoint."""
    import torch

    return torch.load(checkpoint, mmap=True)
