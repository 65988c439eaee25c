// Log-prob and entropy in one read of the logits, and their gradient in one more.
//
// A block walks a row; each thread keeps the largest logit it saw, s = sum e^u and d = sum u e^u with
// u = (logit - top) / temperature (online softmax, arXiv 1805.02867), and the block merges them in a fixed tree:
//
//     logp = u_token - log s,   entropy = log s - d / s
//
// Arithmetic is fp32. The order of the sums depends on the vocabulary alone. kernels/reference.py is the specification.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "cuda/check.h"
#include "cuda/logprob.h"

namespace crossthink {
namespace {

constexpr int kThreads = 256;
constexpr int kWarp = 32;
// In place of -inf: differences stay finite, over a temperature as well; a NaN logit stays NaN.
constexpr float kLowest = -1e30f;

__device__ float widen(float x) { return x; }
__device__ float widen(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ float widen(__half x) { return __half2float(x); }

template <class T>
__device__ T narrow(float x);
template <>
__device__ float narrow<float>(float x) {
    return x;
}
template <>
__device__ __nv_bfloat16 narrow<__nv_bfloat16>(float x) {
    return __float2bfloat16(x);
}
template <>
__device__ __half narrow<__half>(float x) {
    return __float2half(x);
}

struct Online {
    float top = kLowest, exps = 0, product = 0;

    __device__ void move_to(float new_top, float inverse_temperature) {
        const float move = (top - new_top) * inverse_temperature;
        const float shrink = expf(move);
        product = (product + exps * move) * shrink;
        exps *= shrink;
        top = new_top;
    }

    __device__ void add(float logit, float inverse_temperature) {
        if (logit < kLowest) logit = kLowest;
        if (logit > top) move_to(logit, inverse_temperature);
        const float u = (logit - top) * inverse_temperature;
        const float e = expf(u);
        exps += e;
        product += e > 0 ? e * u : e;  // 0 where e^u is 0, NaN where u is
    }

    __device__ void merge(Online other, float inverse_temperature) {
        const float new_top = fmaxf(top, other.top);
        move_to(new_top, inverse_temperature);
        other.move_to(new_top, inverse_temperature);
        exps += other.exps;
        product += other.product;
    }
};

__device__ Online below(const Online& mine, int distance) {
    return {__shfl_down_sync(~0u, mine.top, distance), __shfl_down_sync(~0u, mine.exps, distance),
            __shfl_down_sync(~0u, mine.product, distance)};
}

// The block's sums, in thread 0.
__device__ Online merge_block(Online mine, float inverse_temperature) {
    __shared__ Online warps[kThreads / kWarp];
    for (int distance = kWarp / 2; distance > 0; distance /= 2) {
        mine.merge(below(mine, distance), inverse_temperature);
    }
    if (threadIdx.x % kWarp == 0) warps[threadIdx.x / kWarp] = mine;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int warp = 1; warp < kThreads / kWarp; ++warp) mine.merge(warps[warp], inverse_temperature);
    }
    return mine;
}

template <class T>
__global__ void forward_kernel(CudaLogprobForward p) {
    const int64_t row = blockIdx.x;
    const T* logits = static_cast<const T*>(p.logits) + row * p.row_stride;
    Online mine;
    for (int64_t i = threadIdx.x; i < p.vocab; i += kThreads) mine.add(widen(logits[i]), p.inverse_temperature);
    mine = merge_block(mine, p.inverse_temperature);
    if (threadIdx.x != 0) return;
    const int64_t token = p.token[row];
    const bool inside = token >= 0 && token < p.vocab;
    const float log_sum = logf(mine.exps);
    const float chosen = inside ? widen(logits[token]) : nanf("");
    p.logp[row] = (chosen - mine.top) * p.inverse_temperature - log_sum;
    p.entropy[row] = log_sum - mine.product / mine.exps;
    p.stats[2 * row] = mine.top;
    p.stats[2 * row + 1] = log_sum;
}

// grad = (g (delta - p) - h p (log p + entropy)) / temperature
template <class T>
__global__ void backward_kernel(CudaLogprobBackward p) {
    const int64_t row = blockIdx.x;
    const T* logits = static_cast<const T*>(p.logits) + row * p.row_stride;
    T* grad = static_cast<T*>(p.grad_logits) + row * p.vocab;
    const float top = p.stats[2 * row], log_sum = p.stats[2 * row + 1], entropy = p.entropy[row];
    const float g = p.grad_logp[row], h = p.grad_entropy[row];
    const int64_t token = p.token[row];
    for (int64_t i = threadIdx.x; i < p.vocab; i += kThreads) {
        float log_prob = (widen(logits[i]) - top) * p.inverse_temperature - log_sum;
        const float prob = expf(log_prob);
        if (prob == 0) log_prob = 0;
        const float dz = (i == token ? g : 0.0f) - prob * g - h * prob * (log_prob + entropy);
        grad[i] = narrow<T>(dz * p.inverse_temperature);
    }
}

template <class Params>
void launch(const Params& p, void* stream, void (*fp32)(Params), void (*bf16)(Params), void (*fp16)(Params)) {
    if (p.rows == 0) return;
    const auto kernel = p.type == LogitType::kFloat32 ? fp32 : p.type == LogitType::kBFloat16 ? bf16 : fp16;
    kernel<<<static_cast<unsigned>(p.rows), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(p);
    CROSSTHINK_CUDA_CHECK(cudaGetLastError());
}

}  // namespace

void cuda_token_logprob_forward(const CudaLogprobForward& p, void* stream) {
    launch(p, stream, forward_kernel<float>, forward_kernel<__nv_bfloat16>, forward_kernel<__half>);
}

void cuda_token_logprob_backward(const CudaLogprobBackward& p, void* stream) {
    launch(p, stream, backward_kernel<float>, backward_kernel<__nv_bfloat16>, backward_kernel<__half>);
}

}  // namespace crossthink
