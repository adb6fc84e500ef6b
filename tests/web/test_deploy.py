"""deploy/: what containers are started with are words that the program takes."""

import json
import re
from pathlib import Path

import pytest

from service.flags import parse_serve_options
from tests.jobs import ROOT

DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
MANIFESTS = sorted(DEPLOY.rglob("*.yaml"))


def words(instruction):
    (text,) = re.findall(rf"^{instruction} (\[.+\])$", DOCKERFILE, re.MULTILINE)
    return json.loads(text)


def test_the_container_s_command_is_taken():
    program, script, *own = words("ENTRYPOINT")
    assert (program, (ROOT / script).is_file()) == ("python", True)
    options, _ = parse_serve_options([*own, *words("CMD")])
    assert (options.host, str(options.data_dir)) == ("0.0.0.0", "/data")
    for name in re.findall(r"requirements[\w-]*\.txt", DOCKERFILE):
        assert (ROOT / name).is_file()


def test_the_pod_s_command_is_taken():
    _, _, *own = words("ENTRYPOINT")
    text = (DEPLOY / "kubernetes" / "base" / "deployment.yaml").read_text()
    options, _ = parse_serve_options([*own, *re.findall(r"^ +- (--\S+)$", text, re.MULTILINE)])
    limit = int(re.search(r"terminationGracePeriodSeconds: (\d+)", text)[1])
    assert options.key_file and options.grace < limit


def test_probes_ask_routes_that_are_there(server):
    texts = [DOCKERFILE, *(path.read_text() for path in MANIFESTS)]
    paths = {path for text in texts for path in re.findall(r"/health/\w+", text)}
    assert paths == {"/health/live", "/health/ready"}
    assert {server.get(path).status for path in paths} == {200}


def test_manifests_are_valid():
    validate = pytest.importorskip("kubernetes_validate")
    yaml = pytest.importorskip("yaml")
    for path in (DEPLOY / "kubernetes" / "base").glob("[!k]*.yaml"):
        for document in yaml.safe_load_all(Path(path).read_text()):
            for version in ("1.31", "1.32", "1.33"):
                validate.validate(document, version, strict=True)
