#!/usr/bin/env bash
# The kernels on the GPU of this machine: correctness first, then speed beside cuBLAS and the peers.
#
#     benchmarks/gpu.sh [--quick]
#
# Needs torch with CUDA, triton, nvcc, cmake, pytest. Builds the package with its CUDA kernels for this card into a
# folder of its own. Wheels and packed site-packages in .whl (the peers, pybind11, scikit-build-core) come along where
# they are needed: it asks no index.
# Results: $OUT (default benchmarks/results)/gpu_<device>.json, and the tests' output beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
out=${OUT:-benchmarks/results}
top=$(mktemp -d)
site=$top/site-packages  # a name that a peer's import insists on
trap 'rm -rf "$top"' EXIT
device=$($python -c 'import torch; print(torch.cuda.get_device_name().lower().replace("nvidia ", "").replace(" ", "_"))')
arch=$($python -c 'import torch; print("%d%d" % torch.cuda.get_device_capability())')

if compgen -G '.whl/*.whl' >/dev/null; then
  $python -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --target "$site" .whl/*.whl
  rm -rf "$site/tests" "$site/scripts"  # a peer's wheel has them at its top level
fi
for archive in .whl/*.tar.xz; do
  [ ! -e "$archive" ] || $python -m tarfile -e "$archive" "$site"
done
export PYTHONPATH=$site:$site/nvidia_cutlass_dsl/dsl_packages
$python -m pip install -q --no-build-isolation --no-deps --no-compile --no-cache-dir --upgrade --target "$site" . \
  --config-settings=cmake.define.CROSSTHINK_CUDA=ON --config-settings=cmake.define.CMAKE_CUDA_ARCHITECTURES="$arch"
echo "built for sm_$arch after $SECONDS s"

code=0
$python -P -m pytest -q -p no:cacheprovider -n 6 tests/ops tests/kernels/test_reference.py \
  tests/test_policy.py::test_the_update_on_a_gpu_is_that_of_the_cpu 2>&1 |
  tee "$out/gpu_tests_$device.txt" | tail -40 || code=$?
echo "tests ended with $code after $SECONDS s"
$python benchmarks/kernels/gpu.py "$out/gpu_$device.json" "$@" || code=$?
echo "ended with $code after $SECONDS s"
exit $code
