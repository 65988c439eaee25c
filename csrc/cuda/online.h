#pragma once

// Sums over the exponentials of logits in one read of them (online softmax, arXiv 1805.02867): the largest logit,
// s = sum e^u and d = sum u e^u with u = (logit - top) / temperature, from which log-prob and entropy follow.

#include <cfloat>
#include <cmath>
#include <cstdint>

#include "cuda/block.h"
#include "cuda/ptx.h"

namespace crossthink {

// In place of -inf, whose difference to itself is none; no logit is lower, not one that was masked with it. A NaN logit
// stays NaN.
constexpr float kLowest = -FLT_MAX;

constexpr float kLog2E = 1.4426950408889634f;
constexpr float kLn2 = 0.6931471805599453f;
constexpr float kVanishes = -200.0f;  // 2^u is 0 below

// Sums over 2^u, with u in units of log2(e) temperatures: `scale` is log2(e) / temperature.
struct Online {
    float top = kLowest, exps = 0, product = 0;

    __device__ void move_to(float new_top, float scale) {
        const float move = (top - new_top) * scale;
        const float shrink = exp2_fast(move);
        product = (product + exps * fmaxf(move, kVanishes)) * shrink;
        exps *= shrink;
        top = new_top;
    }

    template <int N>
    __device__ void add(const float (&logits)[N], float scale) {
        float largest = top;
#pragma unroll
        for (float x : logits) largest = fmaxf(largest, x);
        if (largest > top) move_to(largest, scale);
#pragma unroll
        for (float x : logits) {
            const float u = (x - top) * scale;
            const float e = exp2_fast(u);
            exps += e;
            product += e * fmaxf(u, kVanishes);  // 0 where e is 0, NaN where e is
        }
    }

    __device__ void merge(Online other, float scale) {
        const float new_top = fmaxf(top, other.top);
        move_to(new_top, scale);
        other.move_to(new_top, scale);
        exps += other.exps;
        product += other.product;
    }
};

__device__ inline Online below(const Online& mine, int distance) {
    return {__shfl_down_sync(~0u, mine.top, distance), __shfl_down_sync(~0u, mine.exps, distance),
            __shfl_down_sync(~0u, mine.product, distance)};
}

// Writes what a row's sums say, `x` being its token's logit: log-prob, entropy, and stats (largest logit, log s).
__device__ inline void write_row(const Online& all, float x, float inverse_temperature, int64_t row, float* logp,
                                 float* entropy, float* stats) {
    const float log_sum = logf(all.exps);
    logp[row] = (x - all.top) * inverse_temperature - log_sum;
    entropy[row] = log_sum - kLn2 * (all.product / all.exps);
    stats[2 * row] = all.top;
    stats[2 * row + 1] = log_sum;
}

}  // namespace crossthink
