#!/usr/bin/env bash
# Everything that needs an NVIDIA GPU, one part after the other; a part that fails does not stop the next.
#
#     CHRONAXIE_DATA=DIR PYTHON=.venv-cuda/bin/python benchmarks/cuda_check.sh [gpu|networks|fast|twin|tests ...]
#
# gpu       the machine
# networks  three networks on cuda_standalone, built, run, compared with numpy; the whole QTDB test set
# fast      the published one with brian2cuda's own flags and atomic additions
# twin      the twin on CPU and GPU, by engine (needs torch)
# tests     tests that run on a real GPU (needs pytest, and torch for the twin's)
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-python3}
export PYTHONUNBUFFERED=1

part() {
  echo "== $1"
  shift
  local began=$SECONDS
  timeout "$@" || echo "FAILED, exit status $?"
  echo "   $((SECONDS - began)) s"
}

for name in ${*:-gpu networks fast twin tests}; do
  case $name in
    gpu)
      part "gpu" 20 nvidia-smi -L
      part "compilers" 20 sh -c 'nvcc --version | tail -2; ${CXX:-g++} --version | head -1; make --version | head -1; nproc'
      ;;
    networks) part "three networks, exact" 240 "$python" benchmarks/cuda_networks.py --trials 141 ;;
    fast)
      part "published ECG, fast mathematics and atomic additions" 120 \
        "$python" benchmarks/cuda_networks.py --trials 141 --only "published ECG" --fast-math
      ;;
    twin) part "twin" 300 "$python" benchmarks/twin_devices.py --threads "${THREADS:-1}" ;;
    tests)
      part "tests on a real GPU" 150 "$python" -m pytest -q -p no:cacheprovider -k "real or gpu" \
        tests/gradient_bridge/test_cuda.py tests/models/test_cuda.py
      ;;
    *) echo "cuda_check.sh: no part '$name'; parts: gpu networks fast twin tests" >&2 && exit 2 ;;
  esac
done
