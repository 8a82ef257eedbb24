# The developer's whole vocabulary: run, test, check, bench, eval-quick, library, screenshots, demo (and lock, after a change of pyproject).
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help

help:
	@echo "make run | test | check | bench | eval-quick | library | screenshots | demo | nettools"

.venv/run.stamp: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "python 3.11 or newer is needed; PYTHON=... names another" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m compileall -q console
	@$(BIN)/python -c 'import site, pathlib; pathlib.Path(site.getsitepackages()[0], "chaos-console.pth").write_text("$(CURDIR)\n")'
	@printf '#!/bin/sh\nexec "%s/$(BIN)/python" -m console "$$@"\n' "$(CURDIR)" > $(BIN)/chaos-console && chmod +x $(BIN)/chaos-console
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

run: .venv/run.stamp
	@$(BIN)/python -m console $(ARGS)

demo: .venv/run.stamp
	@$(BIN)/python -m console demo $(ARGS)

test: .venv/dev.stamp
	@$(BIN)/python -m tests.run $(ARGS)

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev.stamp
	@$(BIN)/python -m tests.bench $(ARGS)

eval-quick: .venv/run.stamp
	@$(BIN)/python -m console eval --quick $(ARGS)

library: .venv/dev.stamp
	@CHAOS_LIBRARY=all $(BIN)/python -m pytest -q -n 2 tests/experiments/test_running.py $(ARGS)

screenshots: .venv/dev.stamp
	@$(BIN)/python -m tests.screenshots

nettools: .venv/run.stamp
	@$(BIN)/python -m console nettools $(ARGS)

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -o requirements.lock pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -c requirements.lock --group dev -o requirements-dev.lock pyproject.toml

.PHONY: help run demo test check bench eval-quick library screenshots nettools lock
