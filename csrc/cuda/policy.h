#pragma once

#include "cpu/policy.h"

namespace crossthink {

// The device's forms of cpu/policy.h: the same structs over device memory, launched on a stream.
void cuda_group_advantage(const GroupAdvantage& p, void* stream);
void cuda_sequence_means(const SequenceMeans& p, void* stream);

// sums: [cuda_policy_blocks(n), kPolicySums], one row a block; their sum is policy_terms' sums.
void cuda_policy_terms(const LossOptions& options, const PolicyColumns& columns, float* grad, double* sums,
                       void* stream);
int64_t cuda_policy_blocks(int64_t n);

}  // namespace crossthink
