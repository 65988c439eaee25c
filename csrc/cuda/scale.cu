#include <algorithm>
#include <stdexcept>

#include "cuda/check.h"
#include "cuda/scale.h"
#include "cuda/vector.h"

namespace crossthink {
namespace {

constexpr int kThreads = 256;
constexpr int kPacks = 4;
constexpr int kBlocks = 2048;  // at most: few enough that they end at once where there is nothing to do

template <class T>
__global__ void __launch_bounds__(kThreads) scale_kernel(T* values, const float* factor, int64_t n) {
    const float by = *factor;
    if (by == 1.0f) return;
    constexpr int kPack = kBytes / sizeof(T);
    constexpr int64_t kStep = int64_t(kThreads) * kPack;
    for (int64_t block = blockIdx.x; block * kStep * kPacks < n; block += gridDim.x) {
        const int64_t start = block * kStep * kPacks + threadIdx.x * kPack;
        float x[kPacks * kPack];
#pragma unroll
        for (int k = 0; k < kPacks; ++k) load<true, kPack>(values, start + k * kStep, n, 0.0f, x + k * kPack);
#pragma unroll
        for (float& value : x) value *= by;
#pragma unroll
        for (int k = 0; k < kPacks; ++k) store<true, kPack>(values, start + k * kStep, n, x + k * kPack);
    }
}

template <class T>
void launch(const CudaScale& p, void* stream) {
    constexpr int64_t kOfBlock = kThreads * kPacks * kBytes / sizeof(T);
    const int64_t blocks = std::min<int64_t>((p.n + kOfBlock - 1) / kOfBlock, kBlocks);
    scale_kernel<T><<<static_cast<unsigned>(blocks), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(
        static_cast<T*>(p.x), p.by, p.n);
    CROSSTHINK_CUDA_CHECK(cudaGetLastError());
}

}  // namespace

void cuda_scale(const CudaScale& p, void* stream) {
    if (p.n == 0) return;
    if (p.type == FloatType::kFloat32) return launch<float>(p, stream);
    if (p.type != FloatType::kBFloat16) throw std::invalid_argument("a head's gradient is float32 or bfloat16");
    launch<__nv_bfloat16>(p, stream);
}

}  // namespace crossthink
