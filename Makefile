# Plain make. Every target builds the environment that it needs; `make help` lists them.

.DEFAULT_GOAL := help
.PHONY: help study test test-all lint docs conformance clean compiler cuda-env test-cuda cuda-networks bench

# python3.11 is what constraints.txt is measured on; a later one serves too. make PYTHON=… names another.
ifndef PYTHON
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3; do \
  "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$p" && break; done)
endif
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS_STAMP := $(VENV)/.installed-docs

# brian2cuda is bound to a Brian2 that needs Python 3.12 or later; make CUDA_PYTHON=… names another.
# pyenv puts stand-ins on the PATH for versions that are not switched on: each is asked whether it runs.
ifndef CUDA_PYTHON
CUDA_PYTHON = $(shell for p in python3.12 python3.13 python3 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.12*/bin/python; do \
  "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && command -v "$$p" && break; done)
endif
CUDA_VENV := .venv-cuda
CUDA_BIN := $(CUDA_VENV)/bin
CUDA_STAMP := $(CUDA_VENV)/.installed

# The peers of the benchmarks, apart from what the tests run with.
BENCH_VENV := .venv-bench
BENCH_BIN := $(BENCH_VENV)/bin
BENCH_STAMP := $(BENCH_VENV)/.installed

help:
	@echo "make study     train and simulate the ECG study, results in out/study (synthetic ECG, no data needed)"
	@echo "make test      tests that take minutes; data from CHRONAXIE_DATA or ../shared/data"
	@echo "make test-all  every test; fails where no data are found"
	@echo "make lint      ruff"
	@echo "make docs      these pages as HTML in out/docs/html; runs the tutorials, warnings are errors"
	@echo "make conformance  twin against Brian2 on Brian2's own examples, to the bit; writes docs/conformance.md"
	@echo "make bench     speed of the engines beside PyTorch, Norse, snnTorch, SpikingJelly and JAX, in an environment of its own"
	@echo "make cuda-env  environment with brian2cuda (Python 3.12, NVIDIA's CUDA toolkit; a GPU only to run)"
	@echo "make test-cuda tests of models/ in that environment, with its Brian2"
	@echo "make cuda-networks  three networks built for cuda_standalone; with a GPU run and compared"
	@echo "make clean     remove the environment and caches; results in out/ stay"

# The stamp is younger than what decides about the installation, so pip runs only when that changed.
$(STAMP): setup.cfg constraints.txt constraints-oracles.txt pyproject.toml
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
	"$(BIN)/python" -m pip install --quiet --no-deps -r constraints-oracles.txt
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

# One worker for each core, up to eight; a file's tests stay in one of them, with what they share.
test: compiler
	"$(BIN)/python" -m pytest -m "not slow" -n logical --maxprocesses 8 --dist loadfile

test-all: compiler
	CHRONAXIE_REQUIRE_DATA=1 "$(BIN)/python" -m pytest

lint: $(STAMP)
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .

# In the environment of the tests: the tutorials need the whole package.
$(DOCS_STAMP): $(STAMP)
	"$(BIN)/python" -m pip install --quiet -c constraints.txt -e '.[docs]'
	@touch "$@"

# All that is made is made anew: pages of names that are gone would stay, and tutorials that have run would not run again.
docs: $(DOCS_STAMP)
	rm -rf docs/learn docs/reference/generated docs/tutorials/out out/docs
	"$(BIN)/python" -m sphinx -W --keep-going -n -b html -d out/docs/doctrees docs out/docs/html

# Fetches Brian2's sources and what three of the examples import into out/conformance; .venv stays as it is.
conformance: $(STAMP)
	"$(BIN)/python" benchmarks/conformance.py --docs docs/conformance.md --at-least 75

# Without torch, which nothing that runs here imports: its builds for CUDA weigh gigabytes. Whoever wants the twin on a
# GPU in the same environment adds it: .venv-cuda/bin/python -m pip install torch
$(CUDA_STAMP): setup.cfg constraints-cuda.txt pyproject.toml
	@command -v "$(CUDA_PYTHON)" >/dev/null || { \
	  echo "make: no Python 3.12 or later found; brian2cuda's Brian2 needs one:" \
	       "install it, or name it (make CUDA_PYTHON=/path/to/python3.12 ...)." >&2; exit 1; }
	@"$(CUDA_PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 12))' || { \
	  echo "make: $(CUDA_PYTHON) is $$("$(CUDA_PYTHON)" --version 2>&1); brian2cuda's Brian2 needs Python 3.12 or later." \
	       "Install it, or name it (make CUDA_PYTHON=/path/to/python3.12 ...)." >&2; exit 1; }
	@"$(CUDA_BIN)/python" -m pip --version >/dev/null 2>&1 || "$(CUDA_PYTHON)" -m venv --clear "$(CUDA_VENV)" || { \
	  echo "make: $(CUDA_PYTHON) cannot make a virtual environment" \
	       "(on Debian and Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	"$(CUDA_BIN)/python" -m pip install --quiet -r constraints-cuda.txt
	"$(CUDA_BIN)/python" -m pip install --quiet --no-deps -e .
	@touch "$@"

cuda-env: $(CUDA_STAMP)
	@"$(CUDA_BIN)/python" -c 'from chronaxie.models.cuda import CudaOptions, check_cuda, find_toolkit; \
	  check_cuda(CudaOptions(build_only=True)); print("cuda_standalone can be built with", find_toolkit().path)'

test-cuda: $(CUDA_STAMP)
	"$(CUDA_BIN)/python" -m pytest -m "not slow" tests/models

cuda-networks: cuda-env
	"$(CUDA_BIN)/python" benchmarks/cuda_networks.py

# Peers that cannot be installed are named and left out. make bench PROTOTYPE=… adds a folder with a generated engine.
$(BENCH_STAMP): setup.cfg constraints.txt pyproject.toml
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "make: no Python 3.11 or later found; chronaxie needs one:" \
	       "install it, or name it (make PYTHON=/path/to/python3.11 ...)." >&2; exit 1; }
	@"$(BENCH_BIN)/python" -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear "$(BENCH_VENV)" || { \
	  echo "make: $(PYTHON) cannot make a virtual environment" \
	       "(on Debian and Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	"$(BENCH_BIN)/python" -m pip install --quiet -c constraints.txt -e .
	@touch "$@"

bench: $(BENCH_STAMP)
	"$(BENCH_BIN)/python" benchmarks/peers/install.py
	"$(BENCH_BIN)/python" benchmarks/engines.py --growth --json out/bench/engines.json \
	  $(if $(PROTOTYPE),--prototype "$(PROTOTYPE)")
	"$(BENCH_BIN)/python" benchmarks/ecg_step.py --json out/bench/ecg_step.json
	"$(BENCH_BIN)/python" benchmarks/any_equations.py --json out/bench/any_equations.json

clean:
	rm -rf docs/learn docs/reference/generated docs/tutorials/out
	rm -rf "$(VENV)" "$(CUDA_VENV)" "$(BENCH_VENV)" build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
