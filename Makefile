# What people do daily. `make demo` and `make test` work on a fresh machine with Python 3.11 or newer.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --constraint constraints.txt

.PHONY: demo test test-core test-weights benchmark benchmark-all bench heads detectors screenshots lint format install help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/.core  ## index the example corpus and ask it for three types; installs the core alone
	@echo "the core alone, without torch: $$(du -sm $(VENV) | cut -f1) MB in $(VENV)"
	$(BIN)/python examples/demo.py

test: $(VENV)/.dev  ## all tests that need neither weights nor minutes
	$(BIN)/python -m pytest

test-core: $(VENV)/.dev  ## the core alone in a virtual environment of its own, from PyPI
	NER_RETRIEVER_TEST_CACHE=$${NER_RETRIEVER_CACHE:-$$HOME/.cache/ner-retriever} \
	  $(BIN)/python -m pytest -m slow

test-weights: $(VENV)/.dev  ## tests with the real models, fetched on first use
	NER_RETRIEVER_TEST_CACHE=$${NER_RETRIEVER_CACHE:-$$HOME/.cache/ner-retriever} \
	  $(BIN)/python -m pytest -m weights

# Benchmarks' files; without them the official downloads are tried.
BENCHMARKS ?= ../shared/data/benchmarks
data = $(addprefix --data ,$(if $(filter documents,$(1)),examples/documents,$(wildcard $(BENCHMARKS)/$(1))))
QUICK := --limit-texts 2000 --system ner-retriever --system bm25 --system dense:all-MiniLM-L6-v2
QUICK_OUT := work/benchmark

benchmark: $(VENV)/.dev  ## 2,000 texts of each benchmark against BM25 and dense vectors
	mkdir -p $(QUICK_OUT)
	$(BIN)/ner-retriever evaluate few-nerd $(call data,few-nerd) $(QUICK) \
	  --out $(QUICK_OUT)/few-nerd.json
	$(BIN)/ner-retriever evaluate multiconer2 $(call data,multiconer2) $(QUICK) \
	  --out $(QUICK_OUT)/multiconer2.json
	$(BIN)/ner-retriever report $(QUICK_OUT)/few-nerd.json $(QUICK_OUT)/multiconer2.json \
	  --out $(QUICK_OUT)/benchmark.md

# All that docs/benchmarks.md holds, run by run. One whose results are there is not run again.
ALL_OUT := work/benchmark-all
RUN_gold-baselines := --spans gold --system untrained --system bm25 --system dense:all-MiniLM-L6-v2
RUN_gold-dense := --spans gold --system dense:all-mpnet-base-v2
RUN_gold-minilm := --spans gold --system ner-retriever
RUN_gold-mpnet := --spans gold --system ner-retriever:mpnet
RUN_gold-smollm2 := --spans gold --system ner-retriever:smollm2 --system llm-hidden
RUN_detected-baselines := --system bm25 --system dense:all-MiniLM-L6-v2
RUN_detected-minilm := --system ner-retriever --examples 8
RUN_detected-spacy := --system ner-retriever --detector spacy
RUN_detected-mpnet := --system ner-retriever:mpnet --preset mpnet
RUN_detected-smollm2 := --system ner-retriever:smollm2 --preset smollm2
RUN_detected-windows := --system dense-windows:all-MiniLM-L6-v2 --system dense:all-mpnet-base-v2 \
  --system dense-windows:all-mpnet-base-v2
RUNS := gold-baselines gold-dense gold-minilm gold-mpnet gold-smollm2 \
  detected-baselines detected-minilm detected-spacy detected-mpnet detected-smollm2
ALL_RESULTS := $(foreach run,$(RUNS),\
  $(ALL_OUT)/few-nerd/$(run).json $(ALL_OUT)/multiconer2/$(run).json) \
  $(foreach run,baselines windows minilm mpnet smollm2,$(ALL_OUT)/documents/detected-$(run).json)

benchmark-all: $(ALL_RESULTS)  ## all of docs/benchmarks.md, which takes hours on two cores
	$(BIN)/ner-retriever report $^ --out docs/benchmarks.md

$(ALL_RESULTS): | $(VENV)/.dev
	mkdir -p $(@D)
	$(BIN)/ner-retriever evaluate $(notdir $(@D)) $(call data,$(notdir $(@D))) \
	  $(RUN_$(basename $(@F))) $(addprefix --training-data ,$(wildcard $(TYPED_MENTIONS))) --out $@

BENCH_OUT := work/bench

bench: $(VENV)/.dev  ## speed and memory into docs/performance.md; leave the machine alone meanwhile
	for name in indexing precisions precision_gate search integrity corpora documents startup; do \
	  $(BIN)/python benchmarks/$$name.py --out $(BENCH_OUT)/$$name.json || exit 1; done
	$(BIN)/python benchmarks/report.py $(BENCH_OUT) --out docs/performance.md

# What the heads that ship were trained on; a benchmark's texts are never among it.
TRAIN ?= ../shared/data/train
TYPED_MENTIONS ?= $(TRAIN)/typed-mentions.jsonl.gz
HEADS_OUT := work/heads
TRAINING_DATA := $(HEADS_OUT)/training.jsonl.gz
WATCHED := $(HEADS_OUT)/watched.jsonl.gz

$(TRAINING_DATA): $(VENV)/.dev
	mkdir -p $(HEADS_OUT)
	for benchmark in few-nerd multiconer2; do $(BIN)/ner-retriever convert $$benchmark \
	  --data $(BENCHMARKS)/$$benchmark --out $(HEADS_OUT)/$$benchmark.jsonl || exit 1; done
	$(BIN)/python scripts/training_data.py --typed $(TYPED_MENTIONS) \
	  --typed $(TRAIN)/typed-documents.jsonl.gz --lists $(TRAIN)/name-lists.jsonl.gz \
	  $(addprefix --written ,$(wildcard data/written/*/)) \
	  --exclude $(HEADS_OUT)/few-nerd.jsonl --exclude $(HEADS_OUT)/multiconer2.jsonl --out $@

$(WATCHED): $(VENV)/.dev
	mkdir -p $(HEADS_OUT)
	$(BIN)/python scripts/watched_corpus.py examples/corpus.jsonl examples/types.jsonl --out $@

DEVICE ?= cpu
heads: $(TRAINING_DATA) $(WATCHED)  ## train the heads that ship anew, hours on two cores; DEVICE=cuda
	for preset in minilm mpnet; do $(BIN)/ner-retriever train --data $(TRAINING_DATA) --data $(WATCHED) \
	  --device $(DEVICE) --preset $$preset --config configs/$$preset.json --out $(HEADS_OUT)/$$preset || exit 1; done
	$(BIN)/ner-retriever train --data $(TYPED_MENTIONS) --exclude $(HEADS_OUT)/few-nerd.jsonl \
	  --exclude $(HEADS_OUT)/multiconer2.jsonl --preset smollm2 --config configs/smollm2.json --out $(HEADS_OUT)/smollm2

DETECTOR = $(BIN)/ner-retriever train-detector --data $(TRAINING_DATA) --device $(DEVICE)

detectors: $(TRAINING_DATA)  ## train the mention heads that ship anew, each on its preset's head
	for preset in minilm mpnet; do $(DETECTOR) --preset $$preset --config configs/detection.json \
	  --out $(HEADS_OUT)/$$preset/mentions || exit 1; done
	$(DETECTOR) --preset smollm2 --limit-texts 15000 --config configs/detection-small.json \
	  --out $(HEADS_OUT)/smollm2/mentions

screenshots: $(VENV)/.dev  ## take docs/screenshots anew, which needs Chromium
	$(BIN)/python scripts/screenshots.py

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
