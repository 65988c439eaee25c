// What follows the head's product (cuda/head.cu): the tiles of a row become its log-prob and entropy, and the
// exponentials that were kept become the gradient of its logits, in place.
//
// With M and S of the whole row and m of a tile, p = e^((m - M) / temperature) / S times what was kept. An exponential
// is kept in bf16, as the gradient is: the largest of a tile, which is 1, exactly, and the token's own p comes from its
// log-prob. So 1 - p of a token that is nearly certain is as exact as in fp32.

#include <cuda_bf16.h>

#include "cuda/check.h"
#include "cuda/head.h"
#include "cuda/online.h"

namespace crossthink {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr int kPack = 8;   // values of 16 bytes; a warp's make a tile
constexpr int kAhead = 4;  // tiles whose reads a warp has under way together
static_assert(kPack * kWarp == kHeadWords);

// A warp takes a row, its lanes every 32nd tile, and merges them in a fixed tree.
__global__ void __launch_bounds__(kThreads) rows_kernel(CudaHeadRows p) {
    const int64_t row = int64_t(blockIdx.x) * kWarps + threadIdx.x / kWarp;
    if (row >= p.rows) return;
    const float scale = p.inverse_temperature * kLog2E;
    Online mine;
    for (int64_t at = threadIdx.x % kWarp; at < p.row_tiles; at += kWarp) {
        const HeadTile tile = p.tiles[row * p.row_tiles + at];
        mine.merge({tile.top, tile.exps, tile.product}, scale);
    }
    for (int distance = kWarp / 2; distance > 0; distance /= 2) mine.merge(below(mine, distance), scale);
    if (threadIdx.x % kWarp != 0) return;
    const bool inside = p.token[row] >= 0 && p.token[row] < p.vocab;
    write_row(mine, inside ? p.chosen[row] : nanf(""), p.inverse_temperature, row, p.logp, p.entropy, p.stats);
}

// The row's coefficients: dz = g delta - p (g + h (log p + entropy)) = g delta + p (a + b log2 p).
struct Coefficients {
    float g, a, b, scale, top, log_sum;

    __device__ Coefficients(const CudaHeadGradient& p, int64_t row) {
        // g is rounded before it goes into a, so that g (1 - p) is 0 where p is 1
        g = __fmul_rn(p.grad_logp[row], p.inverse_temperature);
        const float h = p.grad_entropy[row] * p.inverse_temperature;
        a = -g - h * p.entropy[row];
        b = -h * kLn2;
        scale = p.inverse_temperature * kLog2E;
        top = p.stats[2 * row];
        log_sum = p.stats[2 * row + 1] * kLog2E;
    }

    // Of the exponentials of a tile with that largest logit, in place.
    __device__ void apply(uint4& kept, float tile_top) const {
        const float shift = (tile_top - top) * scale - log_sum, factor = exp2_fast(shift);
        auto* pairs = reinterpret_cast<__nv_bfloat162*>(&kept);
#pragma unroll
        for (int i = 0; i < kPack / 2; ++i) {
            float2 x = __bfloat1622float2(pairs[i]);
            if (b == 0) {
                x = {x.x * (factor * a), x.y * (factor * a)};
            } else {
                x.x *= factor * (a + b * fmaxf(log2_fast(x.x) + shift, kVanishes));
                x.y *= factor * (a + b * fmaxf(log2_fast(x.y) + shift, kVanishes));
            }
            pairs[i] = __float22bfloat162_rn(x);
        }
    }
};

// A block walks a row, a warp its tiles.
__global__ void __launch_bounds__(kThreads) gradient_kernel(CudaHeadGradient p) {
    const int64_t row = blockIdx.x;
    const Coefficients row_of(p, row);
    auto* exps = static_cast<__nv_bfloat16*>(p.exps) + row * p.exps_stride;
    const HeadTile* tiles = p.tiles + row * p.row_tiles;
    const int lane = threadIdx.x % kWarp;
    for (int64_t first = threadIdx.x / kWarp; first < p.row_tiles; first += kWarps * kAhead) {
        uint4 kept[kAhead];
        float top[kAhead];
#pragma unroll
        for (int k = 0; k < kAhead; ++k) {
            const int64_t tile = first + k * kWarps, word = tile * kHeadWords + lane * kPack;
            if (word >= p.vocab) continue;
            kept[k] = __ldcs(reinterpret_cast<const uint4*>(exps + word));
            top[k] = tiles[tile].top;
        }
#pragma unroll
        for (int k = 0; k < kAhead; ++k) {
            const int64_t word = (first + k * kWarps) * kHeadWords + lane * kPack;
            if (word >= p.vocab) continue;
            row_of.apply(kept[k], top[k]);
            __stcs(reinterpret_cast<uint4*>(exps + word), kept[k]);
        }
    }
    __syncthreads();
    const int64_t token = p.token[row];
    if (threadIdx.x != 0 || token < 0 || token >= p.vocab) return;
    const float log_p = p.logp[row] * kLog2E;
    exps[token] = __float2bfloat16(exp2_fast(log_p) * (row_of.a + row_of.b * fmaxf(log_p, kVanishes)) + row_of.g);
}

}  // namespace

void cuda_head_rows(const CudaHeadRows& p, void* stream) {
    if (p.rows == 0) return;
    rows_kernel<<<blocks(p.rows, kWarps), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(p);
    CROSSTHINK_CUDA_CHECK(cudaGetLastError());
}

void cuda_head_gradient(const CudaHeadGradient& p, void* stream) {
    if (p.rows == 0) return;
    gradient_kernel<<<blocks(p.rows, 1), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(p);
    CROSSTHINK_CUDA_CHECK(cudaGetLastError());
}

}  // namespace crossthink
