#pragma once

#include <cuda_runtime.h>

using __half = _Float16;

inline float __half2float(__half x) { return x; }
inline __half __float2half(float x) { return static_cast<__half>(x); }
