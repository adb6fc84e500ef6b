"""The first moments of a worker process: the environment is set before anything large is loaded."""

from base.environment import prepare_environment


def start(descriptor: int) -> None:
    """Serve the pipe with this file descriptor until it is closed."""
    prepare_environment()  # before numpy is imported, which the worker's own modules do
    from workers.worker import serve

    serve(descriptor)
