"""Whether the server lives and takes jobs, and its figures for Prometheus."""

from collections.abc import Iterator

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from service.desk import LEAST_ROOM, Desk
from service.job import STATUSES
from web.routing import ERRORS, DeskOf

router, open_router = APIRouter(tags=["operation"]), APIRouter(tags=["operation"])


@open_router.get("/health/live", operation_id="is_alive")
def live() -> dict[str, str]:
    return {"status": "alive"}


@open_router.get("/health/ready", operation_id="is_ready", responses={503: {}})
def ready(desk: DeskOf) -> JSONResponse:
    """Whether a job would be taken and done."""
    ready = desk.dispatcher.alive and desk.workshop.free_bytes() > LEAST_ROOM
    words = "ready" if ready else "not ready"
    return JSONResponse({"status": words}, 200 if ready else 503)


@router.get(
    "/metrics",
    operation_id="get_metrics",
    response_class=Response,
    responses={**ERRORS, 200: {"content": {"text/plain": {}}}},
)
def metrics(desk: DeskOf) -> Response:
    """The figures in Prometheus's format."""
    registry = CollectorRegistry()
    registry.register(_Figures(desk))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Figures(Collector):
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def collect(self) -> Iterator[Metric]:
        depth, totals = self._desk.queue.depth(), self._desk.dispatcher.totals
        jobs = GaugeMetricFamily("lipsync_jobs", "jobs that are kept", labels=["status"])
        for status in STATUSES:
            jobs.add_metric([status], depth.by_status.get(status, 0))
        yield jobs
        failed = GaugeMetricFamily("lipsync_jobs_failed", "failed jobs", labels=["code"])
        for code, count in depth.ended_by_code.items():
            failed.add_metric([code], count)
        yield failed
        yield GaugeMetricFamily(
            "lipsync_queue_oldest_seconds",
            "how long the first of the waiting jobs has waited",
            value=depth.oldest_seconds,
        )
        yield CounterMetricFamily("lipsync_frames", "frames that were made", value=totals.frames)
        yield CounterMetricFamily(
            "lipsync_commands", "commands that workers were given", value=totals.commands
        )
        yield CounterMetricFamily("lipsync_run_seconds", "seconds of runs", value=totals.seconds)
        stages = CounterMetricFamily("lipsync_stage_seconds", "seconds by stage", labels=["stage"])
        for stage, seconds in list(totals.by_stage.items()):
            stages.add_metric([stage], seconds)
        yield stages
        yield from self._workers()

    def _workers(self) -> Iterator[Metric]:
        dispatcher = self._desk.dispatcher
        memory = GaugeMetricFamily(
            "lipsync_worker_memory_megabytes", "memory after the last job", labels=["seat"]
        )
        for seat, megabytes in list(dispatcher.memory_mb.items()):
            memory.add_metric([str(seat)], megabytes)
        yield memory
        yield GaugeMetricFamily("lipsync_workers_busy", "at work", value=dispatcher.busy)
        yield CounterMetricFamily(
            "lipsync_warm_runs", "runs whose engine was still loaded", value=dispatcher.totals.warm
        )
