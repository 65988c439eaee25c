#pragma once

#include <cstdint>
#include <vector>

#include "cpu/rows.h"
#include "policy/terms.h"

namespace crossthink {

// (r - mean) / (unbiased std + eps) within each group; a group of one or without spread gets zeros. Returns the first
// place whose id is below the one before it, where the advantages are not all filled, or n.
int64_t group_advantage(const GroupAdvantage& p, int64_t threads);

// The runs of equal ids [n].
std::vector<Sequence> find_sequences(const int64_t* id, const bool* mask, int64_t n, int64_t threads);

// The mean of x over each sequence's active tokens, 0 where it has none, at each of its places.
void sequence_means(const std::vector<Sequence>& sequences, const bool* mask, const float* x, float* mean,
                    int64_t threads);

// Fills grad [n] (d loss / d logp, 0 where masked) and sums [kPolicySums] over the active tokens: fp32 in blocks of
// fixed size, these in fp64 and in their order, so that the number of threads does not change a bit. `sequences`: in
// place of columns.count, their active tokens; or null.
void policy_terms(const LossOptions& options, const PolicyColumns& columns, const std::vector<Sequence>* sequences,
                  float* grad, double* sums, int64_t threads);

}  // namespace crossthink
