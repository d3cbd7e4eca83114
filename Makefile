# Every target works as the first command on a fresh checkout: it needs Python 3.11, make, git and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
COMPILED := $(VENV)/.compiled
SOURCES := $(shell find src -name '*.py')

.PHONY: all demo test lint bench docs faults clean
all: lint test

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "csctool needs Python 3.11 or newer: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# Byte code for the checkout, also where the environment forbids Python to write it while running: start-up is a feature.
$(COMPILED): $(STAMP) $(SOURCES)
	$(BIN)/python -m compileall -q src
	touch $@

demo: $(COMPILED)
	$(BIN)/csctool demo

# Three at once on two cores: some tests only wait, for cron's next minute or for a server that hangs.
test: $(COMPILED)
	$(BIN)/python -m pytest -n 3

# Every experiment of docs/trust.md in full; `make test` runs its short form.
faults: $(COMPILED)
	CSCTOOL_FAULTS=long $(BIN)/python -m pytest tests/faults

lint: $(STAMP)
	$(BIN)/ruff format --check src tests benchmarks plugins
	$(BIN)/ruff check src tests benchmarks plugins
	$(BIN)/mypy

docs: $(COMPILED)
	$(BIN)/python -m docs.generate
	$(BIN)/python -m docs.examples

bench: $(COMPILED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
