"""Settings that libraries read from the environment when they are loaded.

A program of ours sets them before anything else; embedded in another program we leave its
environment alone.
"""

import os


def prepare_environment() -> None:
    """For this process and its children; call it before numpy is imported."""
    # OpenBLAS's threads wait by spinning: two runs side by side on two cores took eighteen minutes
    # where each needs a second. Our products are small.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("SVT_LOG", "0")  # the AV1 encoder's greetings would stand among our lines
    os.environ["OPENCV_LOG_LEVEL"] = "WARNING"  # lower levels go to standard output, among events
