// Log-prob and entropy in one read of the logits, and their gradient in one more.
//
// A block walks a row; each thread keeps the largest logit it saw, s = sum e^u and d = sum u e^u with
// u = (logit - top) / temperature (online softmax, arXiv 1805.02867), and the block merges them in a fixed tree:
//
//     logp = u_token - log s,   entropy = log s - d / s
//
// Arithmetic is fp32. The order of the sums depends on the vocabulary alone. kernels/reference.py is the specification.

#include "cuda/check.h"
#include "cuda/logprob.h"
#include "cuda/vector.h"

namespace crossthink {
namespace {

constexpr int kThreads = 256;
constexpr int kWarp = 32;
constexpr int kPack = 4;   // values a thread loads at once
constexpr int kPacks = 4;  // loads in flight
constexpr int kStep = kThreads * kPack;
// In place of -inf: differences stay finite, over a temperature as well; a NaN logit stays NaN.
constexpr float kLowest = -1e30f;

struct Online {
    float top = kLowest, exps = 0, product = 0;

    __device__ void move_to(float new_top, float inverse_temperature) {
        const float move = (top - new_top) * inverse_temperature;
        const float shrink = expf(move);
        product = (product + exps * move) * shrink;
        exps *= shrink;
        top = new_top;
    }

    __device__ void add(const float (&logits)[kPack], float inverse_temperature) {
        float largest = top;
#pragma unroll
        for (float x : logits) largest = fmaxf(largest, x);
        if (largest > top) move_to(largest, inverse_temperature);
#pragma unroll
        for (float x : logits) {
            const float u = ((x < kLowest ? kLowest : x) - top) * inverse_temperature;
            const float e = expf(u);
            exps += e;
            product += e > 0 ? e * u : e;  // 0 where e^u is 0, NaN where u is
        }
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

template <class T, bool kAligned>
__global__ void __launch_bounds__(kThreads) forward_kernel(CudaLogprobForward p) {
    const int64_t row = blockIdx.x;
    const T* logits = static_cast<const T*>(p.logits) + row * p.row_stride;
    Online mine;
    for (int64_t start = threadIdx.x * kPack; start < p.vocab; start += kPacks * kStep) {
        float x[kPacks][kPack];
#pragma unroll
        for (int k = 0; k < kPacks; ++k) load<kAligned>(logits, start + k * kStep, p.vocab, kLowest, x[k]);
#pragma unroll
        for (int k = 0; k < kPacks; ++k) mine.add(x[k], p.inverse_temperature);
    }
    mine = merge_block(mine, p.inverse_temperature);
    if (threadIdx.x != 0) return;
    const int64_t token = p.token[row];
    const bool inside = token >= 0 && token < p.vocab;
    const float log_sum = logf(mine.exps);
    const float x = inside ? widen(logits[token]) : nanf("");
    p.logp[row] = (x - mine.top) * p.inverse_temperature - log_sum;
    p.entropy[row] = log_sum - mine.product / mine.exps;
    p.stats[2 * row] = mine.top;
    p.stats[2 * row + 1] = log_sum;
}

// grad = (g (delta - p) - h p (log p + entropy)) / temperature. Where it is written over the logits, narrower, a
// thread's values lie where others still have to read: all of a step is read before any of it is written, and what a
// step writes ends before the next one's begins.
template <class T, class G, bool kAligned>
__global__ void __launch_bounds__(kThreads) backward_kernel(CudaLogprobBackward p) {
    const int64_t row = blockIdx.x;
    const T* logits = static_cast<const T*>(p.logits) + row * p.row_stride;
    G* grad = static_cast<G*>(p.grad_logits) + row * p.grad_row_stride;
    const float top = p.stats[2 * row], log_sum = p.stats[2 * row + 1], entropy = p.entropy[row];
    const float g = p.grad_logp[row], h = p.grad_entropy[row];
    const int64_t token = p.token[row];
    for (int64_t first = 0; first < p.vocab; first += kPacks * kStep) {
        const int64_t start = first + threadIdx.x * kPack;
        float x[kPacks][kPack];
#pragma unroll
        for (int k = 0; k < kPacks; ++k) load<kAligned>(logits, start + k * kStep, p.vocab, kLowest, x[k]);
        __syncthreads();
#pragma unroll
        for (int k = 0; k < kPacks; ++k) {
#pragma unroll
            for (int i = 0; i < kPack; ++i) {
                float log_prob = (x[k][i] - top) * p.inverse_temperature - log_sum;
                const float prob = expf(log_prob);
                if (prob == 0) log_prob = 0;
                const float own = start + k * kStep + i == token ? g : 0.0f;
                x[k][i] = (own - prob * g - h * prob * (log_prob + entropy)) * p.inverse_temperature;
            }
            store<kAligned>(grad, start + k * kStep, p.vocab, x[k]);
        }
    }
}

template <class Params>
void launch(const Params& p, void* stream, void (*kernel)(Params)) {
    if (p.rows == 0) return;
    kernel<<<static_cast<unsigned>(p.rows), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(p);
    CROSSTHINK_CUDA_CHECK(cudaGetLastError());
}

int64_t bytes(FloatType type) { return type == FloatType::kFloat32 ? 4 : 2; }

template <class T>
auto forward_of(bool aligned) {
    return aligned ? forward_kernel<T, true> : forward_kernel<T, false>;
}

template <class T, class G>
auto backward_of(bool aligned) {
    return aligned ? backward_kernel<T, G, true> : backward_kernel<T, G, false>;
}

}  // namespace

void cuda_token_logprob_forward(const CudaLogprobForward& p, void* stream) {
    const bool aligned = is_aligned(p.logits, p.row_stride * bytes(p.type), kPack * bytes(p.type));
    launch(p, stream,
           p.type == FloatType::kFloat32    ? forward_of<float>(aligned)
           : p.type == FloatType::kBFloat16 ? forward_of<__nv_bfloat16>(aligned)
                                            : forward_of<__half>(aligned));
}

void cuda_token_logprob_backward(const CudaLogprobBackward& p, void* stream) {
    const int64_t wide = bytes(p.type), narrow_bytes = bytes(p.grad_type);
    const bool aligned = is_aligned(p.logits, p.row_stride * wide, kPack * wide) &&
                         is_aligned(p.grad_logits, p.grad_row_stride * narrow_bytes, kPack * narrow_bytes);
    if (p.type == FloatType::kFloat32 && p.grad_type == FloatType::kBFloat16) {
        return launch(p, stream, backward_of<float, __nv_bfloat16>(aligned));
    }
    if (p.type != p.grad_type)
        throw std::invalid_argument("the gradient's type must be the logits', or bfloat16 of float32");
    launch(p, stream,
           p.type == FloatType::kFloat32    ? backward_of<float, float>(aligned)
           : p.type == FloatType::kBFloat16 ? backward_of<__nv_bfloat16, __nv_bfloat16>(aligned)
                                            : backward_of<__half, __half>(aligned));
}

}  // namespace crossthink
