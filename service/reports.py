"""A run's report as clients may see it."""

import json
from pathlib import Path
from typing import Any

from options.declaring import Role
from options.options import names_with
from service.attempts import without_paths
from service.job import Job


def client_report(path: Path, job: Job) -> dict[str, Any]:
    """The report without this machine's paths."""
    facts = json.loads(path.read_bytes())
    options = {name: value for name, value in facts.get("options", {}).items() if value is not None}
    for name in (*names_with(Role.READ), *names_with(Role.WRITTEN), "cache_dir"):
        options.pop(name, None)
    clean: dict[str, Any] = _clean({**facts, "options": {**options, **job.request.names}}, job)
    return clean


def _clean(value: Any, job: Job) -> Any:  # noqa: ANN401  any JSON
    if isinstance(value, dict):
        return {name: _clean(each, job) for name, each in value.items()}
    if isinstance(value, list):
        return [_clean(each, job) for each in value]
    return without_paths(value, job) if isinstance(value, str) else value
