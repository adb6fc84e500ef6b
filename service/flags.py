"""The server's flags, and what they are parsed to."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from base.errors import UsageError
from batch.flags import parse_workers
from batch.foreman import Rules
from command.flags import option_parser, parse_options
from options.flag_values import parse_path
from options.options import Options
from service.keeping import Keep, parse_keep
from service.options import INPUTS

LOOPBACK = ("127.0.0.1", "::1", "localhost")
DESCRIPTION = (
    "Make faces speak at an address. Every flag of inference_fast.py that is given here"
    " is the default for all jobs."
)
MOST_PORT = 65_535
MANY: dict[str, Any] = {"action": "append", "default": []}  # a flag that may be given again


@dataclass(frozen=True)
class ServeOptions:
    """The server that the user asks for."""

    words: tuple[str, ...]  # flags of inference_fast.py, for all jobs
    host: str = "127.0.0.1"
    port: int = 8000
    data_dir: Path = Path("results/service")
    workers: int | None = None  # None: as many as fit
    cluster: str | None = None
    allow_root: tuple[Path, ...] = ()
    allow_urls: bool = False
    allow_host: tuple[str, ...] = ()
    key_file: Path | None = None
    max_queue: int = 1000
    max_upload: int = 512 << 20  # bytes
    max_seconds_per_job: float = 3600.0
    retry: int = 3
    keep: Keep = field(default_factory=Keep)
    grace: float = 10.0  # seconds for running jobs at the end
    socket: Path | None = None  # through which commands of this user come
    cold: bool = False  # workers load what they need with the first job
    webhook_host: tuple[str, ...] = ()
    webhook_secret: Path | None = None
    mcp: bool = False  # serve the Model Context Protocol on standard streams, and no address

    def __post_init__(self) -> None:
        if not 0 <= self.port <= MOST_PORT:
            raise UsageError(f"--port must be 0 to {MOST_PORT}, got {self.port}")
        if not 1 <= self.max_queue <= 1_000_000:
            raise UsageError(f"--max_queue must be 1 to 1000000, got {self.max_queue}")
        if self.max_upload < 1 or not 0 <= self.grace <= 3600 or self.max_seconds_per_job <= 0:
            raise UsageError("--max_upload, --grace and --job_seconds must be positive")
        if self.host not in LOOPBACK and self.key_file is None:
            raise UsageError(
                f"--host {self.host} can be reached by others: give --key_file"
                " (make one: --key_file keys.txt --new_key NAME)"
            )
        if self.webhook_host and self.webhook_secret is None:
            raise UsageError(
                "--webhook_host needs --webhook_secret, by which hosts know the server"
            )
        Rules(retry=self.retry)
        self._check_socket()
        words = [word for word in self.words if word.startswith(("--face", "--audio"))]
        taken = parse_options([*self.words, *INPUTS])[0]
        if words or taken.demo or taken.check or taken.outfile != Options.outfile:
            raise UsageError("--face, --audio, --outfile, --demo and --check are a job's own")

    def _check_socket(self) -> None:
        if self.socket is None:
            return
        if self.cluster is not None:
            raise UsageError("--socket needs workers on this machine: leave out --cluster")
        if not sys.platform.startswith("linux"):
            raise UsageError("--socket needs Linux, which tells whose process a client is")


USUAL = ServeOptions
FLAGS: dict[str, dict[str, Any]] = {
    "--host": {
        "default": USUAL.host,
        "help": "address to listen at; others than this machine's own need --key_file",
    },
    "--port": {"type": int, "default": USUAL.port, "help": "0: any that is free"},
    "--data_dir": {
        "type": parse_path,
        "default": USUAL.data_dir,
        "metavar": "DIR",
        "help": "queue, uploads, results",
    },
    "--workers": {
        "type": parse_workers,
        "metavar": "N|auto",
        "help": "processes side by side; auto: what fits",
    },
    "--cluster": {"metavar": "ADDRESS", "help": "workers on a ray cluster; auto: this machine's"},
    "--allow_root": {
        **MANY,
        "type": parse_path,
        "metavar": "DIR",
        "help": "jobs may name files below it by path; may be given again",
    },
    "--allow_urls": {
        "action": "store_true",
        "help": "jobs may name files of public hosts by address (http, https)",
    },
    "--allow_host": {
        **MANY,
        "metavar": "NAME",
        "help": "a name under which the server is reached, such as that of a proxy",
    },
    "--key_file": {
        "type": parse_path,
        "metavar": "FILE",
        "help": "hashes of API keys; without it whoever reaches the address may use it",
    },
    "--new_key": {"metavar": "NAME", "help": "add a key to --key_file, show it once, and end"},
    "--max_queue": {
        "type": int,
        "default": USUAL.max_queue,
        "help": "most jobs that wait; more are answered 429",
    },
    "--max_upload": {
        "type": int,
        "default": USUAL.max_upload,
        "metavar": "BYTES",
        "help": "most bytes of a request",
    },
    "--job_seconds": {
        "type": float,
        "dest": "max_seconds_per_job",
        "default": USUAL.max_seconds_per_job,
        "metavar": "S",
        "help": "most seconds that a job may run",
    },
    "--retry": {
        "type": int,
        "default": USUAL.retry,
        "metavar": "N",
        "help": "once more after a crash",
    },
    "--keep": {
        "type": parse_keep,
        "default": "7d,20GB",
        "metavar": "AGE,SIZE",
        "help": "how long, and how much, of results and uploads is kept",
    },
    "--grace": {
        "type": float,
        "default": USUAL.grace,
        "metavar": "S",
        "help": "seconds for running jobs at the end; then they wait for the next start",
    },
    "--webhook_host": {
        **MANY,
        "metavar": "NAME",
        "help": "a host whose webhooks jobs may name; may be given again",
    },
    "--webhook_secret": {
        "type": parse_path,
        "metavar": "FILE",
        "help": "holds the secret whsec_... by which webhooks are signed",
    },
    "--socket": {
        "type": parse_path,
        "metavar": "FILE",
        "help": "a socket through which inference_fast.py of this user has its work done:"
        " LIPSYNC_SERVER=unix:FILE",
    },
    "--mcp": {
        "action": "store_true",
        "help": "serve the Model Context Protocol on standard input and output, and no address",
    },
    "--cold": {
        "action": "store_true",
        "help": "let workers load what they need with their first job",
    },
}


def parser() -> argparse.ArgumentParser:
    """The server's own flags; others are left to the command's parser."""
    parser = argparse.ArgumentParser(
        description=DESCRIPTION,
        allow_abbrev=False,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    for flag, arguments in FLAGS.items():
        parser.add_argument(flag, **arguments)
    return parser


def parse_serve_options(argv: Sequence[str]) -> tuple[ServeOptions, str | None]:
    """The options, and the name of a key that is to be made; UsageError."""
    own = parser()
    own.error = option_parser().error  # type: ignore[method-assign]  # it raises UsageError
    arguments, words = own.parse_known_args(argv)
    values = vars(arguments)
    new_key = values.pop("new_key")
    for name in ("allow_root", "allow_host", "webhook_host"):
        values[name] = tuple(values[name])
    if new_key is not None and values["key_file"] is None:
        raise UsageError("--new_key is written to a file: give --key_file, too")
    return ServeOptions(tuple(words), **values), new_key
