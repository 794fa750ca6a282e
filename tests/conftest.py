"""Shared by all tests: one thread, so that a test's time doesn't hang on what else runs."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
