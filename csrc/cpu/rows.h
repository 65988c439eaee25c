#pragma once

#include <cstdint>

#include "policy/terms.h"

// What is compiled once for each instruction set. Row kernels of token_logprob: one row of logits a token, z = logits /
// temperature; and the terms of a policy loss. Everything is fp32; sums go over blocks of fixed size in a fixed order,
// so a result depends on nothing but its input and the instruction set.

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

struct GroupAdvantage {
    const float* reward;   // [n]
    const int64_t* group;  // [n], ascending
    float* advantage;      // [n]
    int64_t n;
    bool divide_by_std;  // "grpo"; without it "dr_grpo"
    double eps;
};

// A sequence of packed tokens: those that have its id, side by side.
struct Sequence {
    int64_t end;     // the place behind its last token
    int64_t active;  // tokens that are not masked
};

// rows.cpp, policy_rows.cpp and run_rows.cpp, in a namespace of the instruction set's name. policy_terms fills grad
// [n], 0 where masked, and sums [kPolicySums] over the active tokens; weight [n] is what a token's term counts.
// group_advantage fills the advantages of the groups that begin at [begin, end) and returns the first place behind one
// of them whose id is lower, where it stops, or n. sequences fills the array `found` with the runs of equal ids that
// begin at [begin, end), and returns how many.
#define CROSSTHINK_DECLARE_ROWS(isa)                                                                                 \
    namespace isa {                                                                                                  \
    void forward(const LogprobForward& p, int64_t begin, int64_t end);                                               \
    void backward(const LogprobBackward& p, int64_t begin, int64_t end);                                             \
    void policy_terms(const LossOptions& o, const PolicyColumns& c, const float* weight, float* grad, double* sums); \
    int64_t group_advantage(const GroupAdvantage& p, int64_t begin, int64_t end);                                    \
    int64_t sequences(const int64_t* id, const bool* mask, int64_t n, int64_t begin, int64_t end, Sequence* found);  \
    }

CROSSTHINK_DECLARE_ROWS(plain)
#ifdef CROSSTHINK_X86
CROSSTHINK_DECLARE_ROWS(avx2)
CROSSTHINK_DECLARE_ROWS(avx512)
#endif

}  // namespace crossthink
