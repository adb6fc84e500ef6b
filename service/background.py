"""Work beside the requests, in a thread that ends with what it belongs to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def running(work: Callable[[threading.Event], None], name: str, patience: float) -> Iterator[None]:
    """Have the work done meanwhile; then tell it to stop, and wait so many seconds for it."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(patience)
