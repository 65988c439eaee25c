# Every target makes the environment it needs (a .venv inside the checkout) and does nothing twice.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
OUT ?= runs/demo
CXX_SOURCES := $(shell find csrc -name '*.cpp' -o -name '*.h' -o -name '*.cu' -o -name '*.cuh')
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test test-all lint bench clean
help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(BIN)/.built ## the whole line, from a crawl to a better model: 25 minutes (OUT=runs/demo)
	$(BIN)/crossthink demo --output $(OUT)

test: $(BIN)/.built ## the tests: under 15 minutes on 2 cores
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" tests

test-all: $(BIN)/.built ## what takes longer as well: sanitizers, damage and kills without end, 3000 examples a property
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest tests

lint: $(BIN)/.built ## ruff, mypy and clang-format
	$(BIN)/ruff check .
	@# mypy reads the tree as it is installed: kernels/ and dataflow/ inside of crossthink/
	rm -rf build/tree && mkdir -p build/tree/crossthink
	ln -s $(CURDIR)/crossthink/* $(CURDIR)/kernels $(CURDIR)/dataflow build/tree/crossthink/
	cd build/tree && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p crossthink
	$(BIN)/clang-format --dry-run --Werror $(CXX_SOURCES)

bench: $(BIN)/.built ## a training step beside TRL's, on a finished demo; results to benchmarks/results/
	$(PIP) -c requirements/cpu.txt -r requirements/bench.txt
	$(BIN)/python benchmarks/step_time.py --run $(OUT)

clean: ## remove the environment, the build and the runs
	rm -rf .venv build dist runs .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/.installed: requirements/cpu.txt
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is missing: apt install python3"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is older than 3.11: apt install python3.11, then make PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "error: Python has no venv: apt install python3-venv"; exit 2; }
	@command -v c++ >/dev/null || { echo "error: no C++ compiler: apt install g++"; exit 2; }
	@$(PYTHON) -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' || { echo "error: Python's headers are missing: apt install python3-dev"; exit 2; }
	[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@echo "installing the pinned packages (requirements/cpu.txt): some minutes"
	$(PIP) --no-deps -r requirements/cpu.txt
	touch $@

$(BIN)/.built: .venv/.installed pyproject.toml CMakeLists.txt csrc/text/unicode_tables.py $(CXX_SOURCES)
	$(PIP) --no-build-isolation --no-deps -e .
	touch $@
