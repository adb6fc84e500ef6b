"""Containers and manifests: what is declared there is valid, and is what the server takes."""

import ast
import re

import pytest
import yaml

from service.flags import parse_serve_options
from tests.jobs import ROOT
from tests.slow import rest_slow

kubernetes_validate = pytest.importorskip("kubernetes_validate")

DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
VERSIONS = ("1.37", "1.31", "1.34")
OVERLAYS = ("base", "realtime", "high-quality", "ray", "keda", "kuberay")
OTHERS = ("kustomize.config.k8s.io", "keda.sh", "ray.io")  # of which Kubernetes knows nothing


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def built(name):
    """The resources of a folder by kind and name, as kustomize merges them."""
    folder = KUBERNETES / name
    plan = documents(folder / "kustomization.yaml")[0]
    resources = {}
    for entry in plan["resources"]:
        place = (folder / entry).resolve()
        found = built(place.name) if place.is_dir() else key_by_name(documents(place))
        assert not resources.keys() & found.keys()
        resources |= found
    for patch in plan.get("patches", ()):
        if "path" in patch:
            (document,) = documents(folder / patch["path"])
            key = key_of(document)
            resources[key] = merged(resources[key], document)
        else:
            del resources[patch["target"]["kind"], patch["target"]["name"]]
    return resources


def key_of(document):
    return document["kind"], document["metadata"]["name"]


def key_by_name(found):
    return {key_of(document): document for document in found}


def merged(old, new):
    """A strategic merge: lists of named things are merged by name."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}
    if isinstance(old, list) and all(isinstance(one, dict) and "name" in one for one in new):
        names = {one["name"]: one for one in old}
        return list(
            (names | {one["name"]: merged(names.get(one["name"]), one) for one in new}).values()
        )
    return new


def templates(resource):
    """Those of the pods that it describes."""
    spec = resource["spec"]
    if resource["kind"] == "Deployment":
        yield spec["template"]
    if resource["kind"] == "RayCluster":
        yield from (
            group["template"] for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"])
        )


def pods(name):
    for resource in built(name).values():
        yield from (template["spec"] for template in templates(resource))


def containers(name):
    for spec in pods(name):
        yield from spec["containers"]


@pytest.mark.parametrize("version", rest_slow(VERSIONS))
@pytest.mark.parametrize("name", OVERLAYS)
def test_manifests_are_valid(name, version):
    for resource in built(name).values():
        if resource["apiVersion"].split("/")[0] not in OTHERS:
            kubernetes_validate.validate(resource, version, strict=True)
        for template in templates(resource):
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, **template}
            kubernetes_validate.validate(pod, version, strict=True)


def test_an_invalid_manifest_is_found():
    service = built("base")["Service", "lipsync"]
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**service, "spec": {"port": 80}}, VERSIONS[0], strict=True)


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_reference_leads_to_something(name):
    resources = built(name)
    claims = {at for kind, at in resources if kind == "PersistentVolumeClaim"}
    for spec in pods(name):
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        used = {mount["name"] for one in spec["containers"] for mount in one["volumeMounts"]}
        assert used <= volumes.keys()
        wanted = {
            volume["persistentVolumeClaim"]["claimName"]
            for volume in volumes.values()
            if "persistentVolumeClaim" in volume
        }
        assert wanted <= claims
    for (kind, _), resource in resources.items():
        if kind in ("HorizontalPodAutoscaler", "ScaledObject"):
            assert ("Deployment", resource["spec"]["scaleTargetRef"]["name"]) in resources


@pytest.mark.parametrize("name", OVERLAYS)
def test_no_container_may_more_than_it_needs(name):
    for container in containers(name):
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
        assert context["capabilities"]["drop"] == ["ALL"]
        assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize(
    ("name", "mode"), [("realtime", "real_time"), ("high-quality", "high_quality")]
)
def test_each_overlay_sets_its_mode(name, mode):
    (server,) = containers(name)
    assert {"name": "DEFAULT_QUALITY_MODE", "value": mode} in server["env"]
    assert {"name": "MODEL_ROOT", "value": "/models"} in server["env"]


def start_command(name):
    """What CMD says, as a list."""
    words = re.findall(r"^CMD (\[.*\])$", (DEPLOY / name).read_text(), re.MULTILINE)
    return ast.literal_eval(words[-1])


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_the_container_s_command_is_taken(name):
    program, script, *own = start_command(name)
    assert (program, (ROOT / script).is_file()) == ("python", True)
    options, _ = parse_serve_options(own)
    assert (options.host, options.port, str(options.data_dir)) == ("0.0.0.0", 8000, "/data/service")
    for file in re.findall(r"requirements[\w-]*\.txt", (DEPLOY / name).read_text()):
        assert (ROOT / file).is_file()


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_pod_s_command_is_taken(name):
    spec = built(name)["Deployment", "lipsync"]["spec"]["template"]["spec"]
    program, script, *own = spec["containers"][0]["args"]
    assert (program, (ROOT / script).is_file()) == ("python", True)
    options, _ = parse_serve_options(own)
    assert options.key_file and options.grace < spec["terminationGracePeriodSeconds"]


def test_probes_ask_routes_that_are_there(server):
    texts = [path.read_text() for path in DEPLOY.rglob("*") if path.is_file()]
    paths = {path for text in texts for path in re.findall(r"/health/\w+", text)}
    assert paths == {"/health/live", "/health/ready"}
    assert {server.get(path).status for path in paths} == {200}


def test_scaling_by_the_queue_replaces_that_by_load():
    kinds = [kind for kind, _ in built("keda")]
    assert "ScaledObject" in kinds and "HorizontalPodAutoscaler" not in kinds
    assert "HorizontalPodAutoscaler" in [kind for kind, _ in built("ray")]


def test_a_cluster_of_kuberay_is_what_its_nodes_and_their_policy_expect():
    """Names and fields of ray.io/v1; the operator makes the service NAME-head-svc."""
    resources = built("kuberay")
    cluster = resources["RayCluster", "lipsync"]
    head, (workers,) = cluster["spec"]["headGroupSpec"], cluster["spec"]["workerGroupSpecs"]
    assert cluster["apiVersion"] == "ray.io/v1"
    assert (
        f"ray=={cluster['spec']['rayVersion']}" in (ROOT / "requirements-cluster.txt").read_text()
    )
    assert set(head) == {"rayStartParams", "template"}
    sizes = {"replicas", "minReplicas", "maxReplicas"}
    assert set(workers) == {"groupName", "rayStartParams", "template", *sizes}
    values = [v for group in (head, workers) for v in group["rayStartParams"].values()]
    assert all(isinstance(value, str) for value in values)
    _, node = resources["Deployment", "lipsync"]["spec"]["template"]["spec"]["containers"]
    assert f"--address={cluster['metadata']['name']}-head-svc:6379" in node["args"]
    policy = resources["NetworkPolicy", "lipsync-ray"]["spec"]["podSelector"]["matchLabels"]
    for template in (*templates(cluster), *templates(resources["Deployment", "lipsync"])):
        assert policy.items() <= template["metadata"]["labels"].items()
