# Everything a developer runs, by name. Nothing is installed outside of .venv.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCKS := requirements/run.txt requirements/dev.txt
SOURCES := $(wildcard broker schemas adapters tests bench deploy)

# Hashes of the public index, for every platform; no machine path and no host name in the file.
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --no-config --generate-hashes \
	--allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test check bench kafka clean lock

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: .venv/dev.stamp ## Make .venv with everything that tests and checks need.

demo: .venv/run.stamp ## Play the demo: agencies exchange sealed events over Kafka.
	$(BIN)/simpul demo

test: .venv/dev.stamp ## Run the tests; ARGS are given to pytest.
	$(BIN)/python -m pytest $(ARGS)

check: .venv/dev.stamp ## Lint, types, floors between rooms, published schemas, sizes.
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy --strict $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/python -m schemas.publish --check
	$(BIN)/python -m broker.publication --check
	$(BIN)/python deploy/check_size.py $(SOURCES)

bench: .venv/dev.stamp ## Measure the line, beside its peers.
	$(BIN)/python -m bench $(ARGS)

kafka: .venv/run.stamp ## Start a real Kafka on this machine.
	$(BIN)/simpul kafka start

clean: ## Remove .venv, caches (a local Kafka's too) and build products.
	rm -rf .venv .cache build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find $(SOURCES) -type d -name __pycache__ -prune -exec rm -rf {} +

lock: .venv/dev.stamp ## Resolve the dependencies anew and write the hashed locks.
	env -u PIP_FIND_LINKS $(COMPILE) --upgrade --all-build-deps --output-file requirements/run.txt pyproject.toml
	env -u PIP_FIND_LINKS $(COMPILE) --upgrade --all-build-deps --extra dev --constraint requirements/run.txt \
		--output-file requirements/dev.txt pyproject.toml

# The demo needs only the first of the two; each is done again when its lock or pyproject.toml changes.
.venv/run.stamp: requirements/run.txt pyproject.toml | .venv/bin/python
	$(PIP) install --only-binary :all: --require-hashes -r $<
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/run.stamp
	$(PIP) install --require-hashes -r $<
	@touch $@

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: none found. Name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $(PYTHON) is older. Name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv module (on Debian: apt-get install python3-venv)." >&2; exit 1; }
	"$(PYTHON)" -m venv .venv
