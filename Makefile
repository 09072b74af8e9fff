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

.PHONY: help setup chromium demo test test-long screenshots check chaos chaos-answers chaos-promotions deploy-drill soak load bench format clean

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

chromium: # the browser of the tests; installed where it is missing and may be
	@.ci/chromium

test: setup chromium ## the tests, three files at a time
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

test-long: setup ## the tests that take minutes: the whole chain of programs with the local model
	@$(BIN)/pytest -m long

screenshots: setup chromium ## pictures of every page, from a job with a scripted model, into docs/images
	@$(BIN)/python -m tests.browser.screenshots $(or $(INTO),docs/images)

check: setup ## format, lint, types, import contracts, size caps, replay of recorded histories
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary .
	@$(BIN)/lint-imports --no-logo | tail -1
	@$(BIN)/pytest tests/house tests/histories

chaos: setup ## kill, stop and restart every part of a stack while jobs run; SEEDS=100 rounds, about an hour
	@$(BIN)/python -m tests.chaos.stack --seeds $(or $(SEEDS),100) $(if $(SEED),--seed $(SEED))

chaos-answers: setup ## a thousand random interleavings of answers; prints what was sent, taken, lost and doubled
	@$(BIN)/python -m tests.chaos.answers --rounds $(or $(ROUNDS),1000) $(if $(SEED),--seed $(SEED))

chaos-promotions: setup ## kill a worker amid promotions, next versions, rollbacks and repairs; 60 rounds, some minutes
	@$(BIN)/python -m tests.chaos.promotions --rounds $(or $(ROUNDS),60) $(if $(SEED),--seed $(SEED))

deploy-drill: setup ## deploy a changed workflow while jobs wait at every kind of prompt
	@$(BIN)/python -m tests.drill

soak: setup ## slow models: 12 jobs, calls of 2 minutes, and what the database pools do meanwhile; half an hour
	@$(BIN)/python -m tests.soak --jobs $(or $(JOBS),12) --model-seconds $(or $(MODEL_SECONDS),120)

load: setup ## a thousand jobs that wait for people, and 200 at once
	@$(BIN)/python -m tests.load --waiting $(or $(WAITING),1000)
	@$(BIN)/python -m tests.load --at-once $(or $(AT_ONCE),200)

bench: setup ## what durability costs, beside raw Temporal, DBOS and LangGraph; twenty minutes
	@$(UV) sync --quiet --locked --group bench --python $(PYTHON)
	@$(BIN)/python -m tests.bench

format: setup ## mend what ruff can mend
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix .

clean: ## remove the environment and what the local stack has stored here
	@rm -rf $(VENV) $(TOOLS) .skill-fleet
