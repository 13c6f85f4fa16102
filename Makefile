# The targets of the contract: setup, demo, test, test-real, bench. Nothing is needed but python3.11, pip, make.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/dev.lock
STAMP := $(VENV)/.synced

ARCH ?= x86_64

.PHONY: setup demo test test-fast test-real lint bench day soak dashboards dashboard-shots docs bundle fuzz lock clean
.DEFAULT_GOAL := setup

$(BIN)/uv: requirements/bootstrap.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
	touch $@

$(STAMP): $(BIN)/uv $(LOCK) pyproject.toml
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes $(LOCK) requirements/bootstrap.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q camerahub # commands start at once, also where Python is told to write no bytecode
	touch $@

setup: $(STAMP) ## virtual environment in .venv, from a hashed lock; fast when nothing changed

demo: setup ## a virtual county of 2,000 cameras, probed over real RTSP; Ctrl-C ends all
	$(BIN)/camerahub demo

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry camerahub

test-fast: setup ## under a minute
	$(BIN)/pytest -n 2 --quick -m "not slow and not real"

test: setup lint ## everything that needs only pip
	$(BIN)/pytest -n 2 -m "not real and not alone"
	$(BIN)/pytest -m "alone and not real"

test-real: setup ## against servers nobody here wrote; fails when a Debian peer is missing
	$(BIN)/python -m tests.acceptance.peers.require
	$(BIN)/pytest -m real

bench: setup ## ratios against peers, measured in the same run
	$(BIN)/python -m benchmarks

day: setup ## a day of a virtual county of 5,000 cameras, half the passwords wrong: no device locks
	CAMERAHUB_COUNTY_DAY=5000 $(BIN)/pytest -s tests/services/test_county_day.py

dashboards: setup ## write dashboards/*.json anew from their code
	$(BIN)/python -m dashboards

dashboard-shots: setup ## draw each dashboard with Grafana's own panels into docs/pictures; on demand, a quarter of an hour
	$(BIN)/python -m dashboards.shots.shoot

fuzz: setup ## long campaigns; the corpora are replayed by make test
	$(BIN)/python -m tests.fuzz.campaign

soak: setup ## a week of a virtual county of 500 cameras: nothing grows but what is kept for ever
	CAMERAHUB_SOAK_CAMERAS=500 CAMERAHUB_SOAK_DAYS=7 CAMERAHUB_SOAK_ROUND_S=300 $(BIN)/pytest -s tests/services/test_soak.py

docs: setup ## the administrator's guide in dist/guide; a warning is an error
	$(BIN)/zensical build --strict --clean

bundle: docs ## offline installation of this version in dist/; ARCH=aarch64 for the other machines
	$(BIN)/python deploy/bundle.py --arch $(ARCH) --out dist --guide dist/guide

lock: setup ## make the hashed locks anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --extra dev pyproject.toml -o $(LOCK)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --extra postgres --extra report pyproject.toml -o requirements/run.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 requirements/bootstrap.in -o requirements/bootstrap.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 requirements/bundle.in -o requirements/bundle.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
