"""Proofs of what is claimed: each subcommand measures, prints a table and says what missed."""

# first of all: it keeps numpy to one thread, which must be said before numpy is loaded
from wav2lip import __version__ as __version__
