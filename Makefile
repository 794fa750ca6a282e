# What people do daily. `make demo` and `make test` work on a fresh machine with Python 3.11 or newer.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --constraint constraints.txt

.PHONY: demo test test-weights test-slow lint format install help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/.core  ## index the example corpus and ask it for three types
	$(BIN)/python examples/demo.py

test: $(VENV)/.dev  ## all tests that need neither weights nor minutes
	$(BIN)/python -m pytest

test-weights: $(VENV)/.dev  ## tests with the real models, fetched on first use
	NER_RETRIEVER_TEST_CACHE=$${NER_RETRIEVER_CACHE:-$$HOME/.cache/ner-retriever} \
	  $(BIN)/python -m pytest -m weights

lint: $(VENV)/.dev  ## style, types, import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev  ## put the source in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

install: $(VENV)/.dev  ## make the virtual environment

$(VENV)/.venv:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.core: $(VENV)/.venv pyproject.toml constraints.txt
	$(INSTALL) --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.core
	$(INSTALL) --editable '.[dev]'
	touch $@
