"""The story command: a script of scenes becomes one video."""

import sys
from collections.abc import Sequence

from base.memory import as_user_error
from base.signals import INTERRUPTED, MESSAGES, TERMINATED, Terminated
from batch.story_flags import parse_story_options
from command.display import say
from command.stopping import stoppable

BUG = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is one of base.errors."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        with stoppable():  # one for all: at its end signals are ignored
            options = parse_story_options(words)
            from batch.story_run import run  # what reads and writes videos: --help need not wait

            return run(options)
    except Exception as error:
        ours = as_user_error(error)
        if ours.exit_code == BUG:
            raise
        say(f"error: {ours}")
        return ours.exit_code
    except KeyboardInterrupt:
        return _stopped(INTERRUPTED)
    except Terminated:
        return _stopped(TERMINATED)


def _stopped(exit_code: int) -> int:
    say(f"error: {MESSAGES[exit_code]}; started again, it goes on from there")
    return exit_code
