#pragma once

// In place of csrc/cuda/ptx.h.

#include <cuda_runtime.h>

namespace crossthink {

// Results below the smallest normal number are 0 on the device.
inline float flushed(float x) { return std::fabs(x) < 1.17549435e-38f ? std::copysign(0.0f, x) : x; }

inline float exp2_fast(float x) { return flushed(std::exp2(x)); }
inline float log2_fast(float x) { return std::log2(flushed(x)); }
inline float sqrt_fast(float x) { return std::sqrt(flushed(x)); }

inline uint4 read_once(const void* at) { return *static_cast<const uint4*>(at); }

}  // namespace crossthink
