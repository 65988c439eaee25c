#pragma once

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

#define CROSSTHINK_CUDA_CHECK(call)                                                                  \
    do {                                                                                             \
        const cudaError_t error_ = (call);                                                           \
        if (error_ != cudaSuccess) {                                                                 \
            throw std::runtime_error(std::string(__FILE__) + ":" + std::to_string(__LINE__) + ": " + \
                                     cudaGetErrorString(error_));                                    \
        }                                                                                            \
    } while (false)
