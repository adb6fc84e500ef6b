"""Lips that follow a sound: the command's options, the order of the stages, and the engines."""

import os

__version__ = "0.1.0"

# Read when numpy is loaded, which is later. OpenBLAS's threads wait by spinning: two runs side by
# side on two cores took eighteen minutes where each needs a second. Our products are small.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("SVT_LOG", "0")  # the AV1 encoder's greetings would stand between our lines
os.environ["OPENCV_LOG_LEVEL"] = "WARNING"  # what is less goes to standard output, among the events
