#pragma once

#include <cstdint>

// Row kernels of token_logprob: one row of logits a token, z = logits / temperature. Everything is fp32; sums go over
// blocks of fixed size in a fixed order, so a row's result depends on nothing but the row and the instruction set.

namespace crossthink {

struct LogprobForward {
    const float* logits;   // [rows, vocab]
    const int64_t* token;  // [rows], in [0, vocab)
    float* logp;           // [rows], nats
    float* entropy;        // [rows], nats
    float* stats;          // [rows, 2]: largest logit; log of the sum of exp((logit - largest) / temperature)
    int64_t rows;
    int64_t vocab;
    float inverse_temperature;
};

struct LogprobBackward {
    float* logits;         // [rows, vocab], in: the forward's logits, out: their gradient
    bool narrow;           // the gradient as bf16, each row in the first half of the logits' row
    const int64_t* token;  // [rows]
    const float* grad_logp;
    const float* grad_entropy;
    const float* entropy;
    const float* stats;  // [rows, 2]
    int64_t rows;
    int64_t vocab;
    float inverse_temperature;
};

// rows.cpp is compiled once for each instruction set, into a namespace of its name.
#define CROSSTHINK_DECLARE_ROWS(isa)                                     \
    namespace isa {                                                      \
    void forward(const LogprobForward& p, int64_t begin, int64_t end);   \
    void backward(const LogprobBackward& p, int64_t begin, int64_t end); \
    }

CROSSTHINK_DECLARE_ROWS(plain)
#ifdef CROSSTHINK_X86
CROSSTHINK_DECLARE_ROWS(avx2)
CROSSTHINK_DECLARE_ROWS(avx512)
#endif

}  // namespace crossthink
