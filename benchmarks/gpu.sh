#!/usr/bin/env bash
# The kernels on the GPU of this machine: correctness first, then speed beside cuBLAS and the peers.
#
#     benchmarks/gpu.sh [--quick]
#
# Needs torch with CUDA, triton, nvcc, cmake, pytest. Builds the package with its CUDA kernels for this card into a
# folder of its own. Wheels in .whl (the peers, pybind11, scikit-build-core) are used where pip cannot reach an index.
# Results: $OUT (default benchmarks/results)/gpu_<device>.json, and the tests' output beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
out=${OUT:-benchmarks/results}
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
device=$($python -c 'import torch; print(torch.cuda.get_device_name().lower().replace("nvidia ", "").replace(" ", "_"))')
arch=$($python -c 'import torch; print("%d%d" % torch.cuda.get_device_capability())')

if compgen -G '.whl/*.whl' >/dev/null; then
  $python -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --target "$site" .whl/*.whl
  export PYTHONPATH=$site
fi
$python -m pip install -q --no-build-isolation --no-deps --no-compile --no-cache-dir --upgrade --target "$site" . \
  --config-settings=cmake.define.CROSSTHINK_CUDA=ON --config-settings=cmake.define.CMAKE_CUDA_ARCHITECTURES="$arch"
export PYTHONPATH=$site
echo "built for sm_$arch after $SECONDS s"

code=0
$python -P -m pytest -q -p no:cacheprovider -n 6 tests/ops tests/kernels/test_reference.py 2>&1 |
  tee "$out/gpu_tests_$device.txt" | tail -40 || code=$?
echo "tests ended with $code after $SECONDS s"
$python benchmarks/kernels/gpu.py "$out/gpu_$device.json" "$@" || code=$?
echo "ended with $code after $SECONDS s"
exit $code
