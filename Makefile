# Needs Python 3.10 to 3.13 and pip; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo story serve service abuse schema picture test slow check format lint types bench batch quality lips clean faults crowd fuzz soak audit cluster

demo: .venv/ready  ## results/demo.mp4: the kept portrait speaks
	$(BIN)/python inference_fast.py --demo

story: .venv/ready  ## results/story.mp4: the scenes of demo/story.md, with subtitles
	$(BIN)/python inference_story.py demo/story.md --out results/story.mp4 --subtitle_track --burn_subtitles

serve: .venv/ready-serve  ## the page and the API at http://127.0.0.1:8000, with its state in results/service/
	$(BIN)/python inference_serve.py $(FLAGS)

picture: demo  ## docs/demo.webp, the README's animated picture, from the demo
	$(BIN)/python -m demo.animate results/demo.mp4 docs/demo.webp

# A process more than there are cores, since some tests wait for children, and at most eight; each takes
# whole files, in the order of tests/conftest.py.
PROCESSES = $$($(BIN)/python -c 'from base.cores import usable_cores as n; print(min(n() + 1, 8))')
# Modules are compiled once, not by each program that a test starts; tests are rewritten once, not in each run.
test slow: export PYTHONDONTWRITEBYTECODE =
SIDE_BY_SIDE = -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

test: .venv/ready-dev  ## the tests
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) --max-worker-restart 0

slow: .venv/ready-dev  ## the tests that take long
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) --max-worker-restart 0 -m slow

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
bench: .venv/ready-dev  ## every benchmark, its figures into benchmarks/results/
	mkdir -p results/bench
	@missed=0; \
	  $(BIN)/python -m benchmarks speed --out results/bench/speed.json \
	    --plot results/bench/speed.png || missed=1; \
	  for name in engines budget blend vad; do \
	    $(BIN)/python -m benchmarks $$name --out results/bench/$$name.json || missed=1; \
	  done; \
	  cp results/bench/* benchmarks/results/; exit $$missed

TIMES ?= 1
faults: .venv/ready-dev  ## every stage fails, and runs are killed at any moment, TIMES times over
	for round in $$(seq $(TIMES)); do \
	  $(BIN)/python -m pytest -q -m 'campaign or not campaign' tests/command/test_faults.py || exit 1; \
	done
	TIMES=$(TIMES) $(BIN)/python -m pytest -q -m 'campaign or not campaign' tests/campaigns/test_kill.py

service: .venv/ready-dev  ## JOBS=100 jobs of CLIENTS=10 while server and workers are killed KILLS=20 times
	JOBS=$(JOBS) KILLS=$(KILLS) CLIENTS=$(CLIENTS) $(BIN)/python -m pytest -q -s -m campaign tests/campaigns/test_service.py

abuse: .venv/ready-dev  ## slow, loud and deaf clients by the hundred; the server's memory after REQUESTS=10000
	REQUESTS=$(REQUESTS) $(BIN)/python -m pytest -q -s -m campaign tests/campaigns/test_abuse.py

SCHEMATHESIS := 4.32.5
schema: .venv/ready-dev  ## CASES=100 requests of each operation, made by schemathesis from /openapi.json
	$(PYTHON) -m venv .venv/schema
	.venv/schema/bin/python -m pip install --quiet schemathesis==$(SCHEMATHESIS)
	CASES=$(CASES) $(BIN)/python -m tests.campaigns.schema .venv/schema/bin/st

crowd: .venv/ready-dev  ## RUNS=50 runs side by side in one folder
	RUNS=$(RUNS) $(BIN)/python -m pytest -q -m campaign tests/campaigns/test_crowd.py

soak: .venv/ready-dev  ## MINUTES=60 of video in one run, against one minute
	MINUTES=$(MINUTES) $(BIN)/python -m pytest -q -s -m campaign tests/campaigns/test_soak.py

BANDIT := 1.9.4
PIP_AUDIT := 2.10.1
SHIPPED := audio base batch blending command demo diff2lip faces fomm liveportrait models networks options pipeline puppet quality sadtalker service speech stages subtitles tensors video wav2lip web workers $(wildcard *.py)

# In an environment of their own; pip-audit asks the package index for known weaknesses.
audit: .venv/bin/python  ## bandit and pip-audit: see docs/security.md
	$(PYTHON) -m venv .venv/audit
	.venv/audit/bin/python -m pip install --quiet bandit==$(BANDIT) pip-audit==$(PIP_AUDIT)
	.venv/audit/bin/bandit -q -r -c pyproject.toml --skip B101,B105,B403,B404,B603,B608 $(SHIPPED)
	.venv/audit/bin/pip-audit --no-deps --disable-pip -r requirements.txt -r requirements-enhance.txt -r requirements-serve.txt

batch: .venv/ready  ## folders of jobs: against a loop of the command, killed, a thousand in a row
	mkdir -p results/bench
	$(BIN)/python -m benchmarks batch --out results/bench/batch.json

cluster: .venv/ready-dev  ## ray into .venv; forty jobs on two nodes, a worker, an actor, a node lost
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-cluster.txt
	$(BIN)/python -m pytest -q -m 'campaign or not campaign' tests/workers/test_cluster.py tests/batch/test_cluster.py

fuzz: .venv/ready-dev  ## thousands of hostile files: a quarter of an hour on two cores
	$(BIN)/python -m tests.campaigns.fuzz

quality: .venv/ready  ## made clips through every blend method, each result judged
	$(BIN)/python inference_fast.py --demo --quality results/demo.html
	mkdir -p results/bench
	$(BIN)/python -m benchmarks quality --out results/bench/quality.json

CLIPS ?= demo
lips: .venv/ready  ## CLIPS=folder: the mouths of finished videos of its faces, looked at; pictures of them
	mkdir -p results/bench
	$(BIN)/python -m benchmarks lips --clips $(CLIPS) --out results/bench/lips.json

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

.venv/ready-dev: requirements-dev.txt requirements-torch.txt requirements-enhance.txt requirements-serve.txt .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
