"""The cache key of a track: the clip's content, and all that decides what is detected in it."""

from collections.abc import Iterator
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

from faces.cache import Entry, file_stamp
from pipeline.settings import Settings
from video.source import Source

LARGE = 256 << 20  # bytes, hashed in 0.3 s; of a larger clip only the ends and the file times are
CHUNK = 1 << 20
ROOT = Path(__file__).parent.parent
# a change in this code makes old tracks invalid
CODE_FILES = (
    *("faces/*.py", "faces/weights/lips.*", "video/*.py"),
    *("base/geometry.py", "base/lips.py", "base/media.py"),
)
WEIGHT_PACKAGES = ("mtcnn", "face_alignment")  # packages that bring a detector's


def track_entry(folder: Path | None, settings: Settings, source: Source, side: int) -> Entry | None:
    """The cache entry for faces in frames reduced to `side`; none without a folder."""
    if folder is None:
        return None
    try:
        stamp = file_stamp(source.path)
        facts = (
            content_digest(source.path),
            code_digest(),
            *weight_files(),
            side,
            *detection_facts(settings, source),
        )
    except OSError:  # a clip that can no longer be read is reported where its frames are read
        return None
    key = blake2b(repr(facts).encode(), digest_size=16).hexdigest()
    return Entry(folder / "tracks" / key, source.path, stamp)


def detection_facts(settings: Settings, source: Source) -> Iterator[object]:
    """The settings that decide what is detected; smoothing and pads are applied after reading."""
    face = settings.face
    yield source.width, source.height
    yield None if source.still else source.fps
    yield settings.picture.shape
    yield face.detector
    yield face.box or (face.track.stride, face.track.select)


def content_digest(clip: Path) -> str:
    """Changes with any byte of the file; for a large one, whenever it is written to."""
    facts = clip.stat()
    digest = blake2b(digest_size=16)
    with clip.open("rb") as file:
        if facts.st_size > LARGE:
            digest.update(repr((facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)).encode())
            digest.update(file.read(CHUNK))
            file.seek(-CHUNK, 2)
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def code_digest() -> str:
    digest = blake2b(digest_size=16)
    for path in sorted(path for pattern in CODE_FILES for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def weight_files() -> Iterator[tuple[str, int, int]]:
    """Names, sizes and times of the installed weights; reading versions would take much longer."""
    for package in WEIGHT_PACKAGES:
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            start = Path(spec.origin)
            for path in [start, *sorted(start.parent.glob("assets/weights/*"))]:
                facts = path.stat()
                yield path.name, facts.st_size, facts.st_mtime_ns
