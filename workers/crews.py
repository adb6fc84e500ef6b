"""Kinds of crews: name -> loader, which imports what it needs when called."""

from collections.abc import Callable

from workers.crew import Crew, CrewRequest


def load_local(request: CrewRequest) -> Crew:
    from workers.pool import pool_for

    return pool_for(request)


def load_ray(request: CrewRequest) -> Crew:
    from workers.cluster import cluster_for

    return cluster_for(request)


CREWS: dict[str, Callable[[CrewRequest], Crew]] = {"local": load_local, "ray": load_ray}
