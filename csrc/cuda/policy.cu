// The terms of a policy loss on the device, their sums, and the loss and means that these make. Sums are in a fixed
// tree: fp32 over a warp's 256 tokens, from there fp64.

#include "cuda/block.h"
#include "cuda/check.h"
#include "cuda/policy.h"

namespace crossthink {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr int kTokens = 8;  // a thread's, a block's width apart
constexpr int kOfBlock = kThreads * kTokens;

struct Math {
    using Real = float;
    using Flag = bool;
    __device__ static float all(float x) { return x; }
    __device__ static float select(bool flag, float a, float b) { return flag ? a : b; }
    __device__ static float exp(float x) { return expf(x); }
    __device__ static float expm1(float x) { return expm1f(x); }
};

template <class T>
__device__ void shift(const T*& column, int64_t by) {
    if (column) column += by;
}

// The columns from a thread's first token on, so that its others lie at constant distances from one address each.
__device__ void shift(PolicyColumns& c, int64_t by) {
    shift(c.logp, by), shift(c.old_logp, by), shift(c.log_ratio, by), shift(c.advantage, by), shift(c.count, by);
    shift(c.mask, by), shift(c.ref_logp, by), shift(c.sampler_logp, by);
}

// What the columns hold of a token, as it is: to compute with it would wait for it. The weight is the count.
template <Kl kl, Correction correction>
__device__ Token<Math> read_token(const PolicyColumns& c, int at) {
    Token<Math> token{};
    token.logp = c.logp[at];
    if (c.old_logp) token.old_logp = c.old_logp[at];
    if (c.log_ratio) token.log_ratio = c.log_ratio[at];
    token.advantage = c.advantage[at];
    if (c.count) token.weight = c.count[at];
    if (kl != Kl::kNone) token.ref_logp = c.ref_logp[at];
    if (correction != Correction::kNone) token.sampler_logp = c.sampler_logp[at];
    return token;
}

// The same with what stands for the columns that are not there.
__device__ Token<Math> completed(Token<Math> token, const PolicyColumns& c, float scale) {
    if (!c.old_logp) token.old_logp = token.logp;
    if (!c.log_ratio) token.log_ratio = token.logp - token.old_logp;
    token.weight = c.count ? __fdividef(scale, token.weight) : scale;
    return token;
}

// A thread's sums, and those of its warp in its first lane.
struct Sums {
    float loss = 0, kl = 0, ratio = 0, log_ratio = 0;
    int clipped = 0, active = 0;

    __device__ void add(const PolicyTerm<Math>& t, bool is_active) {
        loss += is_active ? t.loss : 0;
        kl += is_active ? t.kl : 0;
        ratio += is_active ? t.ratio : 0;
        log_ratio += is_active ? t.log_ratio : 0;
        clipped += is_active && t.clipped;
        active += is_active;
    }

    __device__ void of_warp(double (&sums)[kPolicySums]) {
        float* const parts[] = {&loss, &kl, &ratio, &log_ratio};
        for (float* part : parts) {
            for (int distance = kWarp / 2; distance > 0; distance /= 2) {
                *part += __shfl_xor_sync(~0u, *part, distance);
            }
        }
        clipped = __reduce_add_sync(~0u, clipped), active = __reduce_add_sync(~0u, active);
        if (threadIdx.x % kWarp != 0) return;
        const double found[] = {loss, kl, double(clipped), ratio, -log_ratio, double(active)};
        for (int j = 0; j < kPolicySums; ++j) sums[j] = found[j];
    }
};

// What decides between formulas is known when it is compiled: as branches in the unrolled loop they became 80,000
// instructions. All of a thread's tokens are read before the first is worked on, and the masked ones are as well, so
// that reads are under way together and arithmetic needs no branch.
template <Surrogate surrogate, Kl kl, Correction correction>
__global__ void __launch_bounds__(kThreads)
    terms_kernel(LossOptions options, PolicyColumns columns, float* grad, float* parts) {
    options.surrogate = surrogate;
    options.kl = kl;
    options.correction = correction;
    const int64_t first = int64_t(blockIdx.x) * kOfBlock + threadIdx.x;
    const int left = static_cast<int>(columns.n - first < kOfBlock ? columns.n - first : kOfBlock);
    const float scale = static_cast<float>(*columns.scale);
    shift(columns, first);
    grad += first;
    Token<Math> tokens[kTokens];
    uint8_t mask[kTokens];
#pragma unroll
    for (int k = 0; k < kTokens; ++k) {
        mask[k] = 0;
        if (k * kThreads >= left) continue;
        mask[k] = reinterpret_cast<const uint8_t*>(columns.mask)[k * kThreads];
        tokens[k] = read_token<kl, correction>(columns, k * kThreads);
    }
    Sums mine;
#pragma unroll
    for (int k = 0; k < kTokens; ++k) {
        const PolicyTerm<Math> t = policy_term<Math>(options, completed(tokens[k], columns, scale));
        if (k * kThreads < left) grad[k * kThreads] = mask[k] ? t.grad : 0;
        mine.add(t, mask[k]);
    }
    __shared__ double warps[kWarps][kPolicySums];
    mine.of_warp(warps[threadIdx.x / kWarp]);
    __syncthreads();
    if (threadIdx.x >= kPolicySums) return;
    double sum = 0;
    for (const auto& warp : warps) sum += warp[threadIdx.x];
    parts[int64_t(blockIdx.x) * kPolicySums + threadIdx.x] = static_cast<float>(sum);
}

constexpr int kRows = 128;  // of parts that are read at once

__global__ void __launch_bounds__(kRows* kPolicySums)
    results_kernel(const float* parts, int64_t blocks, float* loss, float* means) {
    constexpr int kWide = kRows * kPolicySums;
    __shared__ double sums[kWide];
    double sum = 0;
#pragma unroll 16
    for (int64_t i = threadIdx.x; i < blocks * kPolicySums; i += kWide) sum += parts[i];
    sums[threadIdx.x] = sum;
    for (int half = kWide / 2; half >= kPolicySums; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    }
    __syncthreads();
    const double active = sums[kPolicySums - 1];
    if (threadIdx.x == 0) *loss = static_cast<float>(sums[0]);
    if (threadIdx.x > 0 && threadIdx.x < kPolicySums - 1) {
        means[threadIdx.x - 1] = static_cast<float>(sums[threadIdx.x] / fmax(active, 1.0));
    }
}

using TermsKernel = void (*)(LossOptions, PolicyColumns, float*, float*);

template <Surrogate surrogate, Kl kl>
TermsKernel terms_kernel_of(Correction correction) {
    if (correction == Correction::kNone) return terms_kernel<surrogate, kl, Correction::kNone>;
    if (correction == Correction::kTruncate) return terms_kernel<surrogate, kl, Correction::kTruncate>;
    return terms_kernel<surrogate, kl, Correction::kMask>;
}

template <Surrogate surrogate>
TermsKernel terms_kernel_of(Kl kl, Correction correction) {
    if (kl == Kl::kNone) return terms_kernel_of<surrogate, Kl::kNone>(correction);
    if (kl == Kl::kK1) return terms_kernel_of<surrogate, Kl::kK1>(correction);
    if (kl == Kl::kK2) return terms_kernel_of<surrogate, Kl::kK2>(correction);
    return terms_kernel_of<surrogate, Kl::kK3>(correction);
}

}  // namespace

int64_t cuda_policy_blocks(int64_t n) { return blocks(n, kOfBlock); }

void cuda_policy_terms(const LossOptions& options, const PolicyColumns& columns, float* grad, float* parts,
                       void* stream) {
    if (columns.n == 0) return;
    const TermsKernel kernel = options.surrogate == Surrogate::kCispo
                                   ? terms_kernel_of<Surrogate::kCispo>(options.kl, options.correction)
                                   : terms_kernel_of<Surrogate::kPpo>(options.kl, options.correction);
    kernel<<<blocks(columns.n, kOfBlock), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(options, columns, grad,
                                                                                            parts);
    CROSSTHINK_CUDA_CHECK(cudaGetLastError());
}

void cuda_policy_results(const float* parts, int64_t blocks, float* loss, float* means, void* stream) {
    results_kernel<<<1, kRows * kPolicySums, 0, static_cast<cudaStream_t>(stream)>>>(parts, blocks, loss, means);
    CROSSTHINK_CUDA_CHECK(cudaGetLastError());
}

}  // namespace crossthink
