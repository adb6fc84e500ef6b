"""From the batch's options to its jobs, all of them checked before the first one begins."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from base.errors import LipSyncError, UsageError
from batch.flags import BatchOptions
from batch.job import Job
from batch.journal import OWN_FILES
from batch.key import key_of
from batch.rows import Row, read_rows
from batch.sources import combine, matching_files, pairs_in, silent
from options.box import reorder_box
from options.modes import with_mode
from options.options import NO_PAGE, Options
from options.text_options import INPUTS, is_silent
from speech.voices import VoiceName
from video.writer import check_output
from workers.addresses import address_of, display_name

PLACEHOLDER = re.compile(r"\{(\w+)\}")


def plan_jobs(batch: BatchOptions) -> tuple[Job, ...]:
    """The jobs in order; UsageError names a row that is wrong, or two that write the same file."""
    jobs = [_job(batch, row, index) for index, row in enumerate(_rows(batch), 1)]
    _check_apart(jobs, batch)
    _check_outputs(jobs)
    return tuple(jobs)


def _rows(batch: BatchOptions) -> Sequence[Row]:
    if batch.manifest is not None:
        return read_rows(batch.manifest, batch.out_dir)
    if batch.pairs is not None:
        return pairs_in(batch.pairs)
    faces, defaults = _files(batch, "face"), batch.defaults
    if not batch.audios and defaults["idle"]:
        return silent(faces)
    if not batch.audios and (defaults["text"] or defaults["text_file"]):
        return [Row(f"{face.name} with the text", {"face": face}) for face in faces]
    return combine(faces, _files(batch, "audio"), batch.zip)


def _files(batch: BatchOptions, name: str) -> list[Path]:
    """The faces or sounds, by the flag for many or by that for one."""
    patterns, single = getattr(batch, f"{name}s"), batch.defaults[name]
    if not patterns and single is None:
        raise UsageError(f"no {name}: name --pairs, --manifest, --{name}s or --{name}")
    if patterns and single is not None:
        raise UsageError(f"--{name} and --{name}s: name one of them")
    return matching_files(patterns, f"--{name}s") if patterns else [single]


def _job(batch: BatchOptions, row: Row, index: int) -> Job:
    values = _with_own_input(batch.defaults, row.values)
    try:
        _check_inputs(values)
        _check_speech(values, row.values)
        words = {"face": values["face"].stem, "audio": _heard(values), "index": f"{index:04}"}
        if "outfile" not in row.values:
            values["outfile"] = batch.out_dir / fill_template(batch.template, words)
        for name in ("report", "quality", "subtitles"):
            if values[name] is not None and name not in row.values:
                values[name] = Path(fill_template(str(values[name]), words))
        values, notices = reorder_box(with_mode(values, batch.given | row.values.keys()))
        options = Options(**values)
    except LipSyncError as error:
        raise UsageError(f"{row.origin}: {error}") from error
    name = _job_name(options.outfile, batch.out_dir)
    return Job(name, row.origin, options, key_of(options), (*notices, *options.ineffective_flags))


def _job_name(outfile: Path, out_dir: Path) -> str:
    """The output's name below `out_dir`; the whole address where only the output has one."""
    if address_of(outfile) and not address_of(out_dir):
        return display_name(outfile)
    return os.path.relpath(outfile, out_dir)


def _with_own_input(defaults: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The row's options; a sound or a text of its own stands in place of that of all jobs."""
    others = dict.fromkeys(INPUTS) if any(name in row for name in INPUTS) else {}
    return {**defaults, **others, **row}


def _heard(values: Mapping[str, Any]) -> str:
    """What stands for {audio} in a name."""
    file = values["audio"] or values["text_file"]
    if file is None:
        return "idle" if values["idle"] else "text"
    return str(file.stem)


def _check_speech(values: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    """UsageError where a table would start a program, or jobs would share standard input."""
    if "voice" in row and VoiceName.parse(row["voice"]).is_program:
        raise UsageError("voice: a table starts no program: give it as the flag --voice, for all")
    if values["text_file"] == NO_PAGE:
        raise UsageError("--text_file -: jobs have no standard input; name a file")


def _check_inputs(values: Mapping[str, Any]) -> None:
    missing = [] if values["face"] is not None else ["face"]
    missing += ["audio"] if is_silent(values) and not values["idle"] else []
    if missing:
        raise UsageError(f"{' and '.join(missing)} missing: fill the column, or give the flag")


def fill_template(template: str, words: Mapping[str, str]) -> str:
    """The template with its placeholders replaced, but none within the words put in."""
    unknown = [name for name in PLACEHOLDER.findall(template) if name not in words]
    if unknown:
        known = " ".join(f"{{{name}}}" for name in words)
        raise UsageError(f"{template!r}: {{{unknown[0]}}} is unknown; use {known}")
    return PLACEHOLDER.sub(lambda match: words[match[1]], template)


def _check_apart(jobs: Sequence[Job], batch: BatchOptions) -> None:
    """No file is written twice, and none that is read is written."""
    writers = {_normal(batch.state_dir / name): "the batch itself" for name in OWN_FILES}
    for job in jobs:
        for flag, output in job.options.written_files.items():
            writer = writers.setdefault(_normal(output), job.origin)
            if writer is not job.origin:
                raise UsageError(
                    f"{job.origin}: would write {output}, as {writer} does;"
                    f" put {{face}}, {{audio}} or {{index}} into {_template_flag(flag)}"
                )
    read = {_normal(path): path for path in _inputs(jobs, batch)}
    read_files = {file for path in read.values() if (file := _file_id(path))}
    for job in jobs:
        for flag, output in job.options.written_files.items():
            if _normal(output) in read or _file_id(output) in read_files:
                words = f"would write {output}, which the batch reads; change"
                raise UsageError(f"{job.origin}: {words} {_template_flag(flag)}")


def _template_flag(flag: str) -> str:
    """The flag whose placeholders keep this flag's files apart."""
    return "--out_template" if flag == "--outfile" else flag


def _inputs(jobs: Iterable[Job], batch: BatchOptions) -> Iterator[Path]:
    if batch.manifest is not None:
        yield batch.manifest
    for job in jobs:
        yield from job.options.read_files.values()


def _normal(path: Path) -> str:
    return os.path.normpath(path.absolute())


def _file_id(path: Path) -> tuple[int, int] | None:
    """Device and inode, which hard and symbolic links share; None where there is no file."""
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return None
    return facts.st_dev, facts.st_ino


def _check_outputs(jobs: Sequence[Job]) -> None:
    """Whether the outputs can be written; tried once for all that are alike."""
    alike: dict[tuple[object, ...], Job] = {}
    for job in jobs:
        options = job.options
        folder, suffix = options.outfile.parent, options.outfile.suffix
        quality = options.encoder, options.preset, options.crf, options.max_bitrate
        alike.setdefault((folder, suffix, *quality), job)
    for job in alike.values():
        options = job.options
        # what goes to an address is made in a local folder first
        elsewhere = address_of(options.outfile) is not None
        outfile = Path(gettempdir()) / options.outfile.name if elsewhere else options.outfile
        try:
            check_output(outfile, options.encoder, options.preset, options.crf, options.max_bitrate)
        except LipSyncError as error:
            raise type(error)(f"{job.origin}: {error}") from error
