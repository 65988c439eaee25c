#pragma once

#include "cpu/rows.h"

namespace crossthink {

struct SequenceMeans {
    const bool* mask;         // [n], like all that follow
    const int64_t* sequence;  // equal ids side by side
    const float* x;           // null: counts alone
    float* count;             // active tokens of the token's sequence
    float* mean;              // of x over them; not written where x is null
    int64_t n;
};

// The device's forms of cpu/policy.h: the same structs over device memory, launched on a stream.
void cuda_group_advantage(const GroupAdvantage& p, void* stream);
void cuda_sequence_means(const SequenceMeans& p, void* stream);

// sums: [cuda_policy_blocks(n), kPolicySums], one row a block; their sum is policy_terms' sums.
void cuda_policy_terms(const LossOptions& options, const PolicyColumns& columns, float* grad, double* sums,
                       void* stream);
int64_t cuda_policy_blocks(int64_t n);

}  // namespace crossthink
