#pragma once

#include <cstdint>

namespace crossthink {

constexpr int kHeadWords = 256;  // of a tile of logits

// What a head's product leaves of one row's logits in one tile of 256 words: `exps` and `product` are the sums of
// kernels/reference.py's entropy over u = (logit - top) / temperature (cuda/online.h).
struct alignas(16) HeadTile {
    float top, exps, product, unused;
};

// All pointers are the device's.
struct CudaHead {
    const void* hidden;  // [rows, width] bf16, hidden_stride elements apart
    const void* weight;  // [vocab, width] bf16, weight_stride elements apart
    const float* bias;   // [vocab], or null
    const int64_t* token;
    HeadTile* tiles;  // [rows, row_tiles = cuda_head_tiles(vocab)]
    float* chosen;    // [rows]: the token's logit; untouched where the token is none
    void* exps;       // [rows, vocab] bf16: e^u; a row's start a multiple of 16 bytes; null: not kept
    int64_t rows, vocab, width, row_tiles, hidden_stride, weight_stride, exps_stride;
    float inverse_temperature;
};

struct CudaHeadRows {
    const HeadTile* tiles;
    const float* chosen;
    const int64_t* token;
    float* logp;
    float* entropy;
    float* stats;  // [rows, 2]: largest logit, log of the sum of exponentials
    int64_t rows, vocab, row_tiles;
    float inverse_temperature;
};

struct CudaHeadGradient {
    void* exps;  // in: e^u, out: the gradient of the logits, bf16
    const HeadTile* tiles;
    const int64_t* token;
    const float* grad_logp;
    const float* grad_entropy;
    const float* logp;
    const float* entropy;
    const float* stats;
    int64_t rows, vocab, row_tiles, exps_stride;
    float inverse_temperature;
};

constexpr int64_t cuda_head_tiles(int64_t vocab) { return (vocab + kHeadWords - 1) / kHeadWords; }

// Launch on a stream and return; they throw std::runtime_error as the row kernels do. `cuda_head` runs on devices of
// compute capability 9.0 alone, with pointers and strides that are multiples of 16 bytes.
void cuda_head(const CudaHead& p, void* stream);
void cuda_head_rows(const CudaHeadRows& p, void* stream);
void cuda_head_gradient(const CudaHeadGradient& p, void* stream);

}  // namespace crossthink
