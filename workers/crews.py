"""Where workers are: name -> loader, which imports what it needs when called."""

from collections.abc import Callable

from workers.crew import Crew, Wanted


def load_local(asked: Wanted) -> Crew:
    from workers.pool import pool_for

    return pool_for(asked)


def load_ray(asked: Wanted) -> Crew:
    from workers.cluster import cluster_for

    return cluster_for(asked)


CREWS: dict[str, Callable[[Wanted], Crew]] = {"local": load_local, "ray": load_ray}
