"""Proofs of what is claimed: each subcommand measures, prints a table and says what missed."""

from base.environment import prepare_environment

prepare_environment()  # before numpy is loaded
