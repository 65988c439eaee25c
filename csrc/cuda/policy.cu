// Group advantages, sequence means and policy terms on the device. A warp takes, one after the other, the runs of equal
// ids that begin among its places: a run's result depends on nothing but the run. Sums are fp64 in a fixed tree.

#include "cuda/check.h"
#include "cuda/policy.h"

namespace crossthink {
namespace {

constexpr int kThreads = 256;
constexpr int kWarp = 32;
constexpr int kWarps = kThreads / kWarp;

__device__ double warp_sum(double x) {
    for (int distance = kWarp / 2; distance > 0; distance /= 2) x += __shfl_xor_sync(~0u, x, distance);
    return x;
}

// Calls work(i) for this lane's share of the run that begins at `begin`; returns where the run ends.
template <class Work>
__device__ int64_t each_of_run(const int64_t* id, int64_t begin, int64_t n, const Work& work) {
    const int64_t own = id[begin];
    for (int64_t start = begin;; start += kWarp) {
        const int64_t i = start + threadIdx.x % kWarp;
        const bool inside = i < n && id[i] == own;
        if (inside) work(i);
        const unsigned members = __ballot_sync(~0u, inside);
        if (members != ~0u) return start + __popc(members);
    }
}

// Calls work(begin) for every run that begins among this warp's 32 places.
template <class Work>
__device__ void each_run(const int64_t* id, int64_t n, const Work& work) {
    const int64_t first = (int64_t(blockIdx.x) * kWarps + threadIdx.x / kWarp) * kWarp;
    const int64_t i = first + threadIdx.x % kWarp;
    const bool begins = i < n && (i == 0 || id[i - 1] != id[i]);
    for (unsigned runs = __ballot_sync(~0u, begins); runs; runs &= runs - 1) work(first + __ffs(runs) - 1);
}

__device__ void one_group(const GroupAdvantage& p, int64_t begin) {
    const float first = p.reward[begin];
    double sum = 0;
    bool flat = true;
    const int64_t end = each_of_run(p.group, begin, p.n, [&](int64_t i) {
        sum += p.reward[i];
        flat = flat && p.reward[i] == first;
    });
    const double n = static_cast<double>(end - begin), mean = warp_sum(sum) / n;
    double squares = 0;
    each_of_run(p.group, begin, p.n, [&](int64_t i) { squares += (p.reward[i] - mean) * (p.reward[i] - mean); });
    squares = warp_sum(squares);
    flat = __all_sync(~0u, flat);
    const double divisor = p.divide_by_std && !flat ? sqrt(squares / (n - 1)) + p.eps : 1.0;
    each_of_run(p.group, begin, p.n,
                [&](int64_t i) { p.advantage[i] = flat ? 0.0f : static_cast<float>((p.reward[i] - mean) / divisor); });
}

__device__ void one_sequence(const SequenceMeans& p, int64_t begin) {
    double count = 0, sum = 0;
    each_of_run(p.sequence, begin, p.n, [&](int64_t i) {
        if (!p.mask[i]) return;
        count += 1;
        if (p.x) sum += p.x[i];
    });
    count = warp_sum(count);
    const double mean = warp_sum(sum) / fmax(count, 1.0);
    each_of_run(p.sequence, begin, p.n, [&](int64_t i) {
        p.count[i] = static_cast<float>(count);
        if (p.x) p.mean[i] = static_cast<float>(mean);
    });
}

__global__ void __launch_bounds__(kThreads) advantage_kernel(GroupAdvantage p) {
    each_run(p.group, p.n, [&](int64_t begin) { one_group(p, begin); });
}

__global__ void __launch_bounds__(kThreads) means_kernel(SequenceMeans p) {
    each_run(p.sequence, p.n, [&](int64_t begin) { one_sequence(p, begin); });
}

struct Math {
    using Real = float;
    using Flag = bool;
    __device__ static float all(float x) { return x; }
    __device__ static float select(bool flag, float a, float b) { return flag ? a : b; }
    __device__ static float exp(float x) { return expf(x); }
    __device__ static float expm1(float x) { return expm1f(x); }
};

template <Kl kl, Correction correction>
__device__ Token<Math> token_at(const PolicyColumns& c, int64_t i) {
    Token<Math> token{};
    token.logp = c.logp[i];
    token.old_logp = c.old_logp ? c.old_logp[i] : token.logp;
    token.log_ratio = c.log_ratio ? c.log_ratio[i] : token.logp - token.old_logp;
    token.advantage = c.advantage[i];
    if (kl != Kl::kNone) token.ref_logp = c.ref_logp[i];
    if (correction != Correction::kNone) token.sampler_logp = c.sampler_logp[i];
    token.weight = static_cast<float>(*c.scale) / (c.count ? c.count[i] : 1.0f);
    return token;
}

constexpr int kTokens = 8;  // a thread's, a block's width apart

__device__ float warp_sum(float x) {
    for (int distance = kWarp / 2; distance > 0; distance /= 2) x += __shfl_xor_sync(~0u, x, distance);
    return x;
}

// What decides between formulas is known when it is compiled: with branches on it the unrolled loop became 80,000
// instructions. All of a thread's tokens are read before the first is worked on, the masked as well, so that their
// reads are under way together. Sums of a warp's 256 tokens are fp32, from there fp64.
template <Surrogate surrogate, Kl kl, Correction correction>
__global__ void __launch_bounds__(kThreads)
    terms_kernel(LossOptions options, PolicyColumns columns, float* grad, double* sums) {
    options.surrogate = surrogate;
    options.kl = kl;
    options.correction = correction;
    const int64_t first = int64_t(blockIdx.x) * kTokens * kThreads + threadIdx.x;
    Token<Math> tokens[kTokens];
    bool active[kTokens];
#pragma unroll
    for (int k = 0; k < kTokens; ++k) {
        const int64_t i = first + k * kThreads;
        active[k] = i < columns.n && columns.mask[i];
        tokens[k] = i < columns.n ? token_at<kl, correction>(columns, i) : Token<Math>{};
    }
    float mine[kPolicySums] = {};
#pragma unroll
    for (int k = 0; k < kTokens; ++k) {
        PolicyTerm<Math> t{};
        if (active[k]) t = policy_term<Math>(options, tokens[k]);
        if (first + k * kThreads < columns.n) grad[first + k * kThreads] = t.grad;
        const float terms[kPolicySums] = {t.loss, t.kl, float(t.clipped), t.ratio, -t.log_ratio, float(active[k])};
        for (int j = 0; j < kPolicySums; ++j) mine[j] += terms[j];
    }
    __shared__ double warps[kWarps][kPolicySums];
    for (int j = 0; j < kPolicySums; ++j) {
        const float sum = warp_sum(mine[j]);
        if (threadIdx.x % kWarp == 0) warps[threadIdx.x / kWarp][j] = sum;
    }
    __syncthreads();
    if (threadIdx.x >= kPolicySums) return;
    double sum = 0;
    for (const auto& warp : warps) sum += warp[threadIdx.x];
    sums[int64_t(blockIdx.x) * kPolicySums + threadIdx.x] = sum;
}

using TermsKernel = void (*)(LossOptions, PolicyColumns, float*, double*);

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

unsigned blocks(int64_t n, int64_t of_a_block) { return static_cast<unsigned>((n + of_a_block - 1) / of_a_block); }

}  // namespace

int64_t cuda_policy_blocks(int64_t n) { return blocks(n, kThreads * kTokens); }

void cuda_group_advantage(const GroupAdvantage& p, void* stream) {
    if (p.n == 0) return;
    advantage_kernel<<<blocks(p.n, kThreads), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(p);
    CROSSTHINK_CUDA_CHECK(cudaGetLastError());
}

void cuda_sequence_means(const SequenceMeans& p, void* stream) {
    if (p.n == 0) return;
    means_kernel<<<blocks(p.n, kThreads), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(p);
    CROSSTHINK_CUDA_CHECK(cudaGetLastError());
}

void cuda_policy_terms(const LossOptions& options, const PolicyColumns& columns, float* grad, double* sums,
                       void* stream) {
    if (columns.n == 0) return;
    const TermsKernel kernel = options.surrogate == Surrogate::kCispo
                                   ? terms_kernel_of<Surrogate::kCispo>(options.kl, options.correction)
                                   : terms_kernel_of<Surrogate::kPpo>(options.kl, options.correction);
    kernel<<<blocks(columns.n, kThreads * kTokens), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(options, columns,
                                                                                                      grad, sums);
    CROSSTHINK_CUDA_CHECK(cudaGetLastError());
}

}  // namespace crossthink
