"""Measure every claim: each subcommand prints a table and reports which limits are missed."""

from base.environment import prepare_environment

prepare_environment()  # before numpy is loaded
