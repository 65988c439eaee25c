#pragma once

#include <cstdint>

#include "policy/terms.h"

namespace crossthink {

struct GroupAdvantage {
    const float* reward;   // [n]
    const int64_t* group;  // [n], equal ids side by side
    float* advantage;      // [n]
    int64_t n;
    bool divide_by_std;  // "grpo"; without it "dr_grpo"
    double eps;
};

// (r - mean) / (unbiased std + eps) within each group; a group of one or without spread gets zeros.
void group_advantage(const GroupAdvantage& p, int64_t threads);

struct SequenceMeans {
    const bool* mask;         // [n], like all that follow
    const int64_t* sequence;  // equal ids side by side
    const float* x;           // null: counts alone
    float* count;             // active tokens of the token's sequence
    float* mean;              // of x over them; not written where x is null
    int64_t n;
};

void sequence_means(const SequenceMeans& p, int64_t threads);

// Fills grad [n] (d loss / d logp, 0 where masked) and sums [kPolicySums] over the active tokens: fp32 in blocks of
// fixed size, these in fp64 and in their order, so that the number of threads does not change a bit.
void policy_terms(const LossOptions& options, const PolicyColumns& columns, float* grad, double* sums, int64_t threads);

}  // namespace crossthink
