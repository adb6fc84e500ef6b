"""Small networks as the CPU's plugin has compiled them, kept on disk.

Reading one takes a third of the time that compiling takes.

An entry is one file: a checksum, and what the plugin exports. The plugin may crash on damaged
bytes, so nothing is given to it before the checksum was compared.
"""

import io
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from base.cache import mark_used, new_entry, remove, remove_oldest
from base.openvino import core, ov

FOLDER = "compiled"  # of the cache
MOST = 16  # entries, of up to 2 MB; a voice has 60
CHECKSUM = 16  # bytes
# float32 on every processor: in bf16 faces and lips move. One thread: the networks are small, and
# threads that wait for each other take the processor's time.
SETTINGS: dict[str, str | int] = {
    "INFERENCE_PRECISION_HINT": "f32",
    "PERFORMANCE_HINT": "LATENCY",
    "INFERENCE_NUM_THREADS": 1,
}


def compile_cached(
    build: Callable[[], ov.Model], sources: tuple[bytes, ...], cache: Path | None
) -> ov.CompiledModel:
    """The network that `build` makes of these sources, compiled, or from the cache's folder."""
    entry = None if cache is None else cache / FOLDER / _key(sources)
    compiled = None if entry is None else _read(entry)
    if compiled is None:
        compiled = core().compile_model(build(), "CPU", SETTINGS)
        if entry is not None:
            _write(entry, compiled)
    return compiled


def _key(sources: tuple[bytes, ...]) -> str:
    """Changes with the network, with OpenVINO and with the processor."""
    names = ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")
    machine = [core().get_property("CPU", name) for name in names]
    facts = (ov.get_version(), machine, SETTINGS, [len(part) for part in sources])
    digest = blake2b(repr(facts).encode(), digest_size=16)
    for part in sources:
        digest.update(part)
    return digest.hexdigest()


def _read(entry: Path) -> ov.CompiledModel | None:
    """None where there is none; one that is damaged is removed."""
    if not entry.exists():
        return None
    try:
        content = entry.read_bytes()
        if _checksum(content[CHECKSUM:]) != content[:CHECKSUM]:
            raise ValueError(f"{entry}: not what was written")
        compiled = core().import_model(io.BytesIO(content[CHECKSUM:]), "CPU", SETTINGS)
    except (OSError, ValueError, RuntimeError):
        remove(entry)
        return None
    mark_used(entry)
    return compiled


def _write(entry: Path, compiled: ov.CompiledModel) -> None:
    """A failure is ignored, since only the next start is slower for it."""
    with suppress(OSError, ValueError):
        content = compiled.export_model().getvalue()
        with new_entry(entry) as path:
            path.write_bytes(_checksum(content) + content)
        remove_oldest(entry.parent, MOST)


def _checksum(content: bytes) -> bytes:
    return blake2b(content, digest_size=CHECKSUM).digest()
