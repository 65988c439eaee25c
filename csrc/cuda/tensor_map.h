#pragma once

#include <cudaTypedefs.h>

#include <stdexcept>
#include <string>

#include "cuda/check.h"

namespace crossthink {

// Describes [rows, width] bf16 for copies of boxes (TMA), swizzled by 128 bytes. What lies outside is read as zeros.
inline CUtensorMap tensor_map(const void* base, int64_t rows, int64_t width, int64_t stride, int box_rows,
                              int box_columns) {
    static const auto encode = [] {
        void* function = nullptr;
        cudaDriverEntryPointQueryResult found;
        CROSSTHINK_CUDA_CHECK(
            cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000, cudaEnableDefault, &found));
        return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(function);
    }();
    CUtensorMap map;
    const cuuint64_t sizes[] = {static_cast<cuuint64_t>(width), static_cast<cuuint64_t>(rows)};
    const cuuint64_t strides[] = {static_cast<cuuint64_t>(stride) * 2};
    const cuuint32_t box[] = {static_cast<cuuint32_t>(box_columns), static_cast<cuuint32_t>(box_rows)},
                     steps[] = {1, 1};
    const CUresult error = encode(&map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2, const_cast<void*>(base), sizes, strides,
                                  box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                                  CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    if (error != CUDA_SUCCESS) {
        throw std::runtime_error("cuTensorMapEncodeTiled gave " + std::to_string(error) + " for [" +
                                 std::to_string(rows) + ", " + std::to_string(width) + "]");
    }
    return map;
}

}  // namespace crossthink
