# Each target sets up what it needs. `make demo` runs the main job; `make test` passes the tests.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOLS := .tools
UV := $(TOOLS)/bin/uv
export LITELLM_LOCAL_MODEL_COST_MAP := True

.PHONY: help setup demo test test-long check chaos-answers bench format clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/'

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Skill Fleet needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	@$(PYTHON) -m venv $(TOOLS) || { echo 'Python has no venv module here: install it (Debian: apt-get install python3-venv).'; exit 1; }
	@$(TOOLS)/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9'

setup: $(VENV)/ready ## install everything into .venv, as uv.lock pins it

$(VENV)/ready: $(UV) pyproject.toml uv.lock
	@$(UV) sync --quiet --locked --python $(PYTHON)
	@touch $@

demo: setup ## from a sentence to a published skill, for real; the first time it fetches a 1.1 GB model
	@$(BIN)/python -m deploy.demo

test: setup ## the tests
	@$(BIN)/pytest

test-long: setup ## the tests that take minutes: the whole chain of programs with the local model
	@$(BIN)/pytest -m long

check: setup ## format, lint, types, import contracts, size caps, replay of recorded histories
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary .
	@$(BIN)/lint-imports --no-logo | tail -1
	@$(BIN)/pytest tests/house tests/histories

chaos-answers: setup ## a thousand random interleavings of answers; prints what was sent, taken, lost and doubled
	@$(BIN)/python -m tests.chaos.answers --rounds $(or $(ROUNDS),1000) $(if $(SEED),--seed $(SEED))

bench: setup ## what the durable engine costs beside the model calls and beside raw Temporal
	@$(BIN)/python -m tests.bench.overhead
	@$(BIN)/python -m tests.bench.answers

format: setup ## mend what ruff can mend
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix .

clean: ## remove the environment and what the local stack has stored here
	@rm -rf $(VENV) $(TOOLS) .skill-fleet
