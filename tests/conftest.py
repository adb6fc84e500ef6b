"""What holds for every test."""

import signal


def pytest_configure():
    """Ctrl-C is heard, also where the tests were started in the background: children inherit it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
