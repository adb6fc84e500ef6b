"""From what is asked for to the jobs, all of them checked before the first one begins."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from base.errors import LipSyncError, UsageError
from batch.flags import Asked
from batch.job import Job
from batch.journal import OWN_FILES
from batch.key import key_of
from batch.rows import Row, rows_of
from batch.sources import combined, named, pairs_in
from pipeline.options import Options, with_documented_box
from video.writer import Target, check_target
from workers.addresses import address_of, shown

PLACEHOLDER = re.compile(r"\{(\w+)\}")


def planned(asked: Asked) -> tuple[Job, ...]:
    """The jobs in order; UsageError names the row that is wrong, or two that meet."""
    jobs = [_job(asked, row, index) for index, row in enumerate(_rows(asked), 1)]
    _check_apart(jobs, asked)
    _check_outputs(jobs)
    return tuple(jobs)


def _rows(asked: Asked) -> Sequence[Row]:
    if asked.manifest is not None:
        return rows_of(asked.manifest, asked.out_dir)
    if asked.pairs is not None:
        return pairs_in(asked.pairs)
    return combined(_files(asked, "face"), _files(asked, "audio"), asked.zip)


def _files(asked: Asked, name: str) -> list[Path]:
    patterns, single = getattr(asked, f"{name}s"), asked.defaults[name]
    if not patterns and single is None:
        raise UsageError(f"no {name}: name --pairs, --manifest, --{name}s or --{name}")
    if patterns and single is not None:
        raise UsageError(f"--{name} and --{name}s: name one of them")
    return named(patterns, f"--{name}s") if patterns else [single]


def _job(asked: Asked, row: Row, index: int) -> Job:
    values = {**asked.defaults, **row.values}
    try:
        _check_given(values)
        words = {"face": values["face"].stem, "audio": values["audio"].stem, "index": f"{index:04}"}
        if "outfile" not in row.values:
            values["outfile"] = asked.out_dir / filled(asked.template, words)
        for name in ("report", "quality"):
            if values[name] is not None and name not in row.values:
                values[name] = Path(filled(str(values[name]), words))
        values, notices = with_documented_box(values)
        options = Options(**values)
    except LipSyncError as error:
        raise UsageError(f"{row.origin}: {error}") from error
    here = address_of(options.outfile) is None or address_of(asked.out_dir) is not None
    name = os.path.relpath(options.outfile, asked.out_dir) if here else shown(options.outfile)
    return Job(name, row.origin, options, key_of(options), (*notices, *options.ineffective_flags))


def _check_given(values: Mapping[str, Any]) -> None:
    missing = [name for name in ("face", "audio") if values[name] is None]
    if missing:
        raise UsageError(f"{' and '.join(missing)} missing: fill the column, or give the flag")


def filled(template: str, words: Mapping[str, str]) -> str:
    """The template with its placeholders replaced; what is put in is never looked at again."""
    unknown = [name for name in PLACEHOLDER.findall(template) if name not in words]
    if unknown:
        known = " ".join(f"{{{name}}}" for name in words)
        raise UsageError(f"{template!r}: {{{unknown[0]}}} is unknown; use {known}")
    return PLACEHOLDER.sub(lambda found: words[found[1]], template)


def _check_apart(jobs: Sequence[Job], asked: Asked) -> None:
    """No file is written twice, none that is read is written."""
    taken = {_place(asked.books / name): "the batch itself" for name in OWN_FILES}
    for job in jobs:
        for flag, output in _outputs(job.options):
            other = taken.setdefault(_place(output), job.origin)
            if other is not job.origin:
                raise UsageError(
                    f"{job.origin}: would write {output}, as {other} does;"
                    f" put {{face}}, {{audio}} or {{index}} into {_template_of(flag)}"
                )
    read = {_place(path): path for path in _inputs(jobs, asked)}
    same = {identity for path in read.values() if (identity := _identity(path))}
    for job in jobs:
        for flag, output in _outputs(job.options):
            if _place(output) in read or _identity(output) in same:
                words = f"would write {output}, which the batch reads; change"
                raise UsageError(f"{job.origin}: {words} {_template_of(flag)}")


def _template_of(flag: str) -> str:
    return "--out_template" if flag == "outfile" else f"--{flag}"


def _outputs(options: Options) -> Iterator[tuple[str, Path]]:
    yield "outfile", options.outfile
    if options.report is not None:
        yield "report", options.report
    if options.quality_page is not None:
        yield "quality", options.quality_page


def _inputs(jobs: Iterable[Job], asked: Asked) -> Iterator[Path]:
    if asked.manifest is not None:
        yield asked.manifest
    for job in jobs:
        options = job.options
        given = (options.face, options.audio, options.drive_audio, options.checkpoint_path)
        yield from filter(None, given)


def _place(path: Path) -> str:
    return os.path.normpath(path.absolute())


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return None
    return facts.st_dev, facts.st_ino


def _check_outputs(jobs: Sequence[Job]) -> None:
    """Whether there can be such files; once for all that are alike."""
    alike: dict[tuple[object, ...], Job] = {}
    for job in jobs:
        options = job.options
        folder, ending = options.outfile.parent, options.outfile.suffix
        alike.setdefault((folder, ending, options.encoder, options.preset, options.crf), job)
    for job in alike.values():
        options = job.options
        away = address_of(options.outfile) is not None  # as it is made before it goes there
        outfile = Path(gettempdir()) / options.outfile.name if away else options.outfile
        target = Target(
            *(outfile, options.fps, 2, 2),
            encoder=options.encoder,
            preset=options.preset,
            crf=options.crf,
        )
        try:
            check_target(target)
        except LipSyncError as error:
            raise type(error)(f"{job.origin}: {error}") from error
