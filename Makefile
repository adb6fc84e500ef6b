# Needs Python 3.10 to 3.13 and pip; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check format lint types bench clean

demo: .venv/ready  ## results/demo.mp4: the kept portrait speaks
	$(BIN)/python inference_fast.py --demo

test: .venv/ready-dev  ## the tests
	$(BIN)/python -m pytest

check: lint types test  ## what CI runs

format: .venv/ready-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: .venv/ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/ready-dev
	$(BIN)/mypy

# Written where git does not look, so that no later benchmark finds the commit changed.
bench: .venv/ready  ## every benchmark, its figures into benchmarks/results/
	mkdir -p results/bench
	@missed=0; \
	  $(BIN)/python -m benchmarks speed --out results/bench/speed.json \
	    --plot results/bench/speed.png || missed=1; \
	  for name in engines budget blend vad; do \
	    $(BIN)/python -m benchmarks $$name --out results/bench/$$name.json || missed=1; \
	  done; \
	  cp results/bench/* benchmarks/results/; exit $$missed

clean:
	rm -rf .venv .virtualenv .mypy_cache .ruff_cache .pytest_cache results

# Where Python was packaged without ensurepip, virtualenv makes the environment.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' || \
	  { echo "needs Python 3.10 to 3.13: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv && \
	  $(PYTHON) -m pip install --quiet --target .virtualenv virtualenv && \
	  PYTHONPATH=.virtualenv $(PYTHON) -m virtualenv --quiet .venv && rm -rf .virtualenv; }

.venv/ready: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/ready-dev: requirements-dev.txt .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
