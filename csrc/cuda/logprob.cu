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
#include "cuda/online.h"
#include "cuda/vector.h"

namespace crossthink {
namespace {

constexpr int kThreads = 256;
constexpr int kValues = 16;  // that a thread holds in a step
constexpr int kStep = kThreads * kValues;

// The block's sums, in thread 0.
__device__ Online merge_block(Online mine, float scale) {
    __shared__ Online warps[kThreads / kWarp];
    for (int distance = kWarp / 2; distance > 0; distance /= 2) {
        mine.merge(below(mine, distance), scale);
    }
    if (threadIdx.x % kWarp == 0) warps[threadIdx.x / kWarp] = mine;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int warp = 1; warp < kThreads / kWarp; ++warp) mine.merge(warps[warp], scale);
    }
    return mine;
}

template <class T, bool kAligned>
__global__ void __launch_bounds__(kThreads) forward_kernel(CudaLogprobForward p) {
    const int64_t row = blockIdx.x;
    const T* logits = static_cast<const T*>(p.logits) + row * p.row_stride;
    const float scale = p.inverse_temperature * kLog2E;
    constexpr int kPack = kBytes / sizeof(T);
    Online mine;
    for (int64_t start = threadIdx.x * kPack; start < p.vocab; start += kStep) {
        float x[kValues];
#pragma unroll
        for (int k = 0; k < kValues; k += kPack) {
            load<kAligned, kPack>(logits, start + k * kThreads, p.vocab, -INFINITY, x + k);
        }
        mine.add(x, scale);
    }
    mine = merge_block(mine, scale);
    if (threadIdx.x != 0) return;
    const int64_t token = p.token[row];
    const bool inside = token >= 0 && token < p.vocab;
    const float x = inside ? widen(logits[token]) : nanf("");
    write_row(mine, x, p.inverse_temperature, row, p.logp, p.entropy, p.stats);
}

// What a thread of the backward kernel holds of a step: few values, so that many threads fit and have their reads under
// way, in wide blocks, so that few rows are open on a multiprocessor at a time.
constexpr int kBackwardThreads = 512;
constexpr int kBackwardValues = 8;
constexpr int kBackwardStep = kBackwardThreads * kBackwardValues;

template <class T>
struct Step {
    static constexpr int kPack = kBytes / sizeof(T), kPacks = kBackwardValues / kPack;
    uint4 packs[kPacks];

    __device__ static int place(int first, int k) { return first + (k * kBackwardThreads + threadIdx.x) * kPack; }

    template <bool kAligned>
    __device__ void read(const T* row, int first, int vocab) {
#pragma unroll
        for (int k = 0; k < kPacks; ++k) packs[k] = load_once<kAligned>(row, place(first, k), vocab);
    }

    __device__ void widened(int k, float (&x)[kPack]) const {
        T values[kPack];
        __builtin_memcpy(values, &packs[k], kBytes);
#pragma unroll
        for (int i = 0; i < kPack; ++i) x[i] = widen(values[i]);
    }
};

// grad = (g (delta - p) - h p (log p + entropy)) / temperature = g delta / temperature + p (a + b log2 p). The next
// step is read before this one is written. Over the logits a gradient of their size lies where its own thread has read.
// A narrower one lies where others read, in the steps up to half of its own: the block waits for each other where a
// step would write past the half of what all of it is known to have read.
template <class T, class G, bool kAligned>
__global__ void __launch_bounds__(kBackwardThreads) backward_kernel(CudaLogprobBackward p) {
    const int64_t row = blockIdx.x;
    const T* logits = static_cast<const T*>(p.logits) + row * p.row_stride;
    G* grad = static_cast<G*>(p.grad_logits) + row * p.grad_row_stride;
    const float scale = p.inverse_temperature * kLog2E;
    const float top = p.stats[2 * row], log_sum = p.stats[2 * row + 1] * kLog2E;
    const float g = p.grad_logp[row] * p.inverse_temperature, h = p.grad_entropy[row] * p.inverse_temperature;
    const float a = -g - h * p.entropy[row], b = -h * kLn2;
    const bool over_others = sizeof(G) < sizeof(T) && p.grad_logits == p.logits;
    const int token = static_cast<int>(p.token[row]), vocab = static_cast<int>(p.vocab);
    constexpr int kPack = Step<T>::kPack;
    Step<T> step, next;
    next.template read<kAligned>(logits, 0, vocab);
    int known = 0;  // logits that the whole block has read
    for (int first = 0; first < vocab; first += kBackwardStep) {
        step = next;
        if (first + kBackwardStep < vocab) next.template read<kAligned>(logits, first + kBackwardStep, vocab);
        if (over_others && (first + kBackwardStep) / 2 > known) {
            __syncthreads();
            known = first + 2 * kBackwardStep;
        }
#pragma unroll
        for (int k = 0; k < Step<T>::kPacks; ++k) {
            const int place = Step<T>::place(first, k), own = token - place;
            float x[kPack];
            step.widened(k, x);
#pragma unroll
            for (float& value : x) {
                const float log_prob = (value - top) * scale - log_sum;
                value = exp2_fast(log_prob) * (a + b * fmaxf(log_prob, kVanishes));
            }
            if (own >= 0 && own < kPack) {
#pragma unroll
                for (int i = 0; i < kPack; ++i) x[i] += i == own ? g : 0;
            }
            store<kAligned, kPack>(grad, place, vocab, x);
        }
    }
}

template <class Params>
void launch(const Params& p, int threads, void* stream, void (*kernel)(Params)) {
    if (p.rows == 0) return;
    kernel<<<static_cast<unsigned>(p.rows), threads, 0, static_cast<cudaStream_t>(stream)>>>(p);
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
    const bool aligned = is_aligned(p.logits, p.row_stride * bytes(p.type), kBytes);
    launch(p, kThreads, stream,
           p.type == FloatType::kFloat32    ? forward_of<float>(aligned)
           : p.type == FloatType::kBFloat16 ? forward_of<__nv_bfloat16>(aligned)
                                            : forward_of<__half>(aligned));
}

void cuda_token_logprob_backward(const CudaLogprobBackward& p, void* stream) {
    const int64_t wide = bytes(p.type), narrow_bytes = bytes(p.grad_type);
    const bool aligned = is_aligned(p.logits, p.row_stride * wide, kBytes) &&
                         is_aligned(p.grad_logits, p.grad_row_stride * narrow_bytes, kBytes * narrow_bytes / wide);
    if (p.type == FloatType::kFloat32 && p.grad_type == FloatType::kBFloat16) {
        return launch(p, kBackwardThreads, stream, backward_of<float, __nv_bfloat16>(aligned));
    }
    if (p.type != p.grad_type)
        throw std::invalid_argument("the gradient's type must be the logits', or bfloat16 of float32");
    launch(p, kBackwardThreads, stream,
           p.type == FloatType::kFloat32    ? backward_of<float, float>(aligned)
           : p.type == FloatType::kBFloat16 ? backward_of<__nv_bfloat16, __nv_bfloat16>(aligned)
                                            : backward_of<__half, __half>(aligned));
}

}  // namespace crossthink
