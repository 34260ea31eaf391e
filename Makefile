# Plain make. Every target builds the environment that it needs; `make help` lists them.

.DEFAULT_GOAL := help
.PHONY: help study test test-all lint clean compiler

# python3.11 is what constraints.txt is measured on; a later one serves too. make PYTHON=… names another.
ifndef PYTHON
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3; do \
  "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$p" && break; done)
endif
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

help:
	@echo "make study     train and simulate the ECG study, results in out/study (synthetic ECG, no data needed)"
	@echo "make test      tests that take minutes; data from CHRONAXIE_DATA or ../shared/data"
	@echo "make test-all  every test; fails where no data are found"
	@echo "make lint      ruff"
	@echo "make clean     remove the environment and caches; results in out/ stay"

# The stamp is younger than what decides about the installation, so pip runs only when that changed.
$(STAMP): setup.cfg constraints.txt pyproject.toml
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "make: no Python 3.11 or later found (python3 is $$(python3 --version 2>&1))." \
	       "chronaxie needs one: install it, or name it (make PYTHON=/path/to/python3.11 ...)." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $(PYTHON) is $$("$(PYTHON)" --version 2>&1); chronaxie needs Python 3.11 or later." \
	       "Install it, or name it (make PYTHON=/path/to/python3.11 ...)." >&2; exit 1; }
	@"$(BIN)/python" -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear "$(VENV)" || { \
	  echo "make: $(PYTHON) cannot make a virtual environment" \
	       "(on Debian and Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	"$(BIN)/python" -m pip install --quiet -c constraints.txt -e '.[test]'
	@touch "$@"

# Brian2's cython and cpp_standalone devices compile; the numpy device needs neither compiler nor headers.
compiler: $(STAMP)
	@command -v $${CXX:-c++} >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null || { \
	  echo "make: no C++ compiler found; the tests run Brian2's cython and cpp_standalone devices." \
	       "Install one (Debian, Ubuntu: apt-get install g++ python3-dev; macOS: xcode-select --install)" \
	       "or name it in CXX." >&2; exit 1; }
	@"$(BIN)/python" -c 'import os, sys, sysconfig; \
	  sys.exit(not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")))' || { \
	  echo "make: Python.h is missing; Brian2's cython device compiles against it" \
	       "(Debian, Ubuntu: apt-get install python3-dev)." >&2; exit 1; }

study: $(STAMP)
	"$(BIN)/chronaxie" run ecg --synthetic --out out/study --overwrite

test: compiler
	"$(BIN)/python" -m pytest -m "not slow"

test-all: compiler
	CHRONAXIE_REQUIRE_DATA=1 "$(BIN)/python" -m pytest

lint: $(STAMP)
	"$(BIN)/ruff" check .

clean:
	rm -rf "$(VENV)" build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
