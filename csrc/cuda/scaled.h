#pragma once

#include <cstdint>

namespace crossthink {

// out [n] bf16 = x [n] * by [1], both on a boundary of 16 bytes; the last step of a head's gradient.
struct CudaScaled {
    const float* x;
    const float* by;
    void* out;
    int64_t n;
};

void cuda_scaled(const CudaScaled& p, void* stream);

}  // namespace crossthink
