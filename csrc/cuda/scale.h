#pragma once

#include <cstdint>

#include "cuda/logprob.h"

namespace crossthink {

// x [n] *= by [1], on a boundary of 16 bytes; nothing is read or written where by is 1. The last step of a head's
// gradient, which is as large as the head.
struct CudaScale {
    void* x;
    FloatType type;
    const float* by;
    int64_t n;
};

void cuda_scale(const CudaScale& p, void* stream);

}  // namespace crossthink
