#include "cuda/check.h"
#include "cuda/scaled.h"
#include "cuda/vector.h"

namespace crossthink {
namespace {

constexpr int kThreads = 256;
constexpr int kPack = 4;
constexpr int kPacks = 4;
constexpr int kStep = kThreads * kPack * kPacks;  // values of a block

__global__ void __launch_bounds__(kThreads) kernel(CudaScaled p) {
    const float by = *p.by;
    auto* out = static_cast<__nv_bfloat16*>(p.out);
    const int64_t start = int64_t(blockIdx.x) * kStep + threadIdx.x * kPack;
    float x[kPacks * kPack];
#pragma unroll
    for (int k = 0; k < kPacks; ++k) load<true, kPack>(p.x, start + k * kThreads * kPack, p.n, 0.0f, x + k * kPack);
#pragma unroll
    for (float& value : x) value *= by;
#pragma unroll
    for (int k = 0; k < kPacks; ++k) store<true, kPack>(out, start + k * kThreads * kPack, p.n, x + k * kPack);
}

}  // namespace

void cuda_scaled(const CudaScaled& p, void* stream) {
    if (p.n == 0) return;
    const auto blocks = static_cast<unsigned>((p.n + kStep - 1) / kStep);
    kernel<<<blocks, kThreads, 0, static_cast<cudaStream_t>(stream)>>>(p);
    CROSSTHINK_CUDA_CHECK(cudaGetLastError());
}

}  // namespace crossthink
