#pragma once

#include "policy/terms.h"

namespace crossthink {

// The device's form of cpu/policy.h, launched on a stream. parts: [cuda_policy_blocks(n), kPolicySums], one row a
// block; added up they are policy_terms' sums.
void cuda_policy_terms(const LossOptions& options, const PolicyColumns& columns, float* grad, float* parts,
                       void* stream);
int64_t cuda_policy_blocks(int64_t n);

// From those rows: loss [1], and means [kPolicySums - 2] over the active tokens of what lies between the loss and them.
void cuda_policy_results(const float* parts, int64_t blocks, float* loss, float* means, void* stream);

}  // namespace crossthink
