"""What a run may do with a hostile file, and what is a finding."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals

from tests.campaigns.fuzz.cases import Case
from tests.campaigns.fuzz.children import Outcome

DOCUMENTED = (0, 2, 3, 4, 5, 6, 7)
OURS = ("error: ", "done: ", "no checkpoint given or found: ", "--box was read ")
ALLOWED = {"printed", "said", "temp", "kept", "face", "sound", "weights"}  # by the name's beginning


@dataclass
class Tally:
    """How many runs of each kind ended how."""

    ends: dict[str, Counter[str]] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    with_library_lines: int = 0
    slowest: float = 0.0

    def count(self, case: Case, end: Outcome) -> list[str]:
        found = [f"{case.job.name} ({case.kind}): {words}" for words in findings(end)]
        shown = "late" if end.late else str(end.code) if end.signal is None else "signal"
        self.ends.setdefault(case.kind, Counter())[shown] += 1
        self.findings += found
        self.with_library_lines += any(library_lines(end))
        self.slowest = max(self.slowest, end.seconds)
        return found

    def table(self) -> str:
        columns = sorted({end for row in self.ends.values() for end in row})
        lines = [f"{'damage':32}" + "".join(f"{column:>8}" for column in (*columns, "all"))]
        rows = {**dict(sorted(self.ends.items())), "all": sum(self.ends.values(), Counter())}
        for kind, row in rows.items():
            counts = (*(row[column] for column in columns), row.total())
            lines.append(f"{kind:32}" + "".join(f"{count or '.':>8}" for count in counts))
        return "\n".join(lines)


def findings(end: Outcome) -> Iterator[str]:
    """In a few words each."""
    lines = end.said.splitlines()
    if end.late:
        yield "did not end"
    elif end.signal is not None:
        yield f"ended by {Signals(end.signal).name}"
    elif end.code not in DOCUMENTED:
        yield f"exit code {end.code}"
    elif end.code and not (lines and lines[-1].startswith("error: ")):
        yield f"exit code {end.code} without an error as its last line"
    if "Traceback" in end.said:
        yield f"a traceback: {lines[-1]}"
    yield from left(end.job.folder, end.code == 0)


def left(folder: Path, done: bool) -> Iterator[str]:
    """Files that should not be there, and the result that should."""
    results = sorted(path.name for path in (folder / "result").glob("*"))
    videos = [name for name in results if name.startswith("it.")]
    if done and len(videos) != 1:
        yield "done, and no result"
    if results != (videos + ["report.json"] * ("report.json" in results) if done else []):
        yield f"left {' '.join(results)}"
    if any((folder / "temp").glob("*")):
        yield "left files in the temporary folder"
    for path in folder.iterdir():
        if path.name != "result" and not path.name.startswith(tuple(ALLOWED)):
            yield f"left {path.name}"


def library_lines(end: Outcome) -> list[str]:
    """Words on standard error that are not ours."""
    return [line for line in end.said.splitlines() if not line.startswith(OURS)]
