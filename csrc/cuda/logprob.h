#pragma once

#include <cstdint>

namespace crossthink {

enum class FloatType { kFloat32, kBFloat16, kFloat16 };

// All pointers are the device's. The meaning of each field is that of LogprobForward (cpu/rows.h).
struct CudaLogprobForward {
    const void* logits;  // [rows, vocab], row_stride elements apart
    FloatType type;
    const int64_t* token;  // [rows]; one outside [0, vocab) gets NaN
    float* logp;           // [rows]
    float* entropy;        // [rows]
    float* stats;          // [rows, 2]: largest logit, log of the sum of exponentials
    int64_t rows, vocab, row_stride;
    float inverse_temperature;
};

struct CudaLogprobBackward {
    const void* logits;  // [rows, vocab], row_stride elements apart
    FloatType type;
    const int64_t* token;
    const float* grad_logp;     // [rows]
    const float* grad_entropy;  // [rows]
    const float* entropy;       // [rows]
    const float* stats;         // [rows, 2]
    void* grad_logits;          // [rows, vocab], grad_row_stride elements apart; may begin where the logits do, if its
    FloatType grad_type;        // type is no wider and its rows begin where theirs do
    int64_t rows, vocab, row_stride, grad_row_stride;
    float inverse_temperature;
};

// Launch on a stream and return; a launch that fails throws std::runtime_error with file, line and CUDA's reason, and
// types that no kernel was built for throw std::invalid_argument.
void cuda_token_logprob_forward(const CudaLogprobForward& p, void* stream);
void cuda_token_logprob_backward(const CudaLogprobBackward& p, void* stream);

}  // namespace crossthink
