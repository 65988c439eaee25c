#pragma once

#include "cpu/rows.h"

namespace crossthink {

struct SequenceMeans {
    const bool* mask;         // [n], like all that follow
    const int64_t* sequence;  // equal ids side by side
    const float* x;           // null: counts alone
    float* count;             // active tokens of the token's sequence, 1 where it has none; null: not asked for
    float* mean;              // of x over them; not written where x is null
    int* active;              // [cuda_run_blocks(n)], the sequences with an active token that begin in a block's places
    double* share;            // [1], 1 over their number, or 1 where there are none
    int64_t n;
};

// The device's forms of cpu/policy.h, launched on a stream.
void cuda_group_advantage(const GroupAdvantage& p, void* stream);
void cuda_sequence_means(const SequenceMeans& p, void* stream);
int64_t cuda_run_blocks(int64_t n);

}  // namespace crossthink
