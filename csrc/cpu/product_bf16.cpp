// Compiled for AVX512-BF16. Blocks of a and b are packed as pairs along k, [pair][line][2], panels of kRows lines of a
// and kColumns lines of b; one panel of each makes a tile of c in registers.

#include <immintrin.h>

#include "cpu/product.h"

namespace crossthink::avx512_bf16 {
namespace {

constexpr int64_t kLanes = 16;
constexpr int64_t kVectors = kColumns / kLanes;
static_assert(kColumns % kLanes == 0 && kBlockRows % kRows == 0 && kBlockDepth % 2 == 0);

inline uint32_t pair(uint16_t low, uint16_t high) { return low | (uint32_t{high} << 16); }

// Lines [line, line + lines) of a matrix, of which there are `end`, over k in [begin, begin + depth): zeros beyond.
template <int64_t lines>
void pack(const Bf16Matrix& matrix, int64_t line, int64_t end, int64_t begin, int64_t depth, uint32_t* to) {
    const int64_t there = end - line < lines ? end - line : lines;
    const int64_t whole = depth / 2;
    if (there < lines || depth % 2) __builtin_memset(to, 0, (depth + 1) / 2 * lines * sizeof(uint32_t));
    if (matrix.along_k) {
        for (int64_t i = 0; i < there; ++i) {
            const uint16_t* from = matrix.data + (line + i) * matrix.stride + begin;
            for (int64_t j = 0; j < whole; ++j) __builtin_memcpy(to + j * lines + i, from + 2 * j, sizeof(uint32_t));
            if (depth % 2) to[whole * lines + i] = from[depth - 1];
        }
        return;
    }
    for (int64_t j = 0; j < whole; ++j) {
        const uint16_t* low = matrix.data + (begin + 2 * j) * matrix.stride + line;
        const uint16_t* high = low + matrix.stride;
        for (int64_t i = 0; i < there; ++i) to[j * lines + i] = pair(low[i], high[i]);
    }
    if (depth % 2) {
        const uint16_t* low = matrix.data + (begin + depth - 1) * matrix.stride + line;
        for (int64_t i = 0; i < there; ++i) to[whole * lines + i] = low[i];
    }
}

// A tile of c: rows of it that are there, columns that are there, and whether the sums are added to it.
struct Tile {
    float* c;
    int64_t stride, rows, columns;
    bool add;
};

void tile(const uint32_t* a, const uint32_t* b, int64_t pairs, const Tile& t) {
    __m512 sums[kRows][kVectors];
    for (auto& row : sums) {
        for (__m512& sum : row) sum = _mm512_setzero_ps();
    }
    for (int64_t j = 0; j < pairs; ++j) {
        __m512bh columns[kVectors];
#pragma GCC unroll 4
        for (int64_t v = 0; v < kVectors; ++v) {
            columns[v] = (__m512bh)_mm512_loadu_si512(b + j * kColumns + v * kLanes);
        }
#pragma GCC unroll 6
        for (int64_t i = 0; i < kRows; ++i) {
            const __m512bh row = (__m512bh)_mm512_set1_epi32(static_cast<int>(a[j * kRows + i]));
#pragma GCC unroll 4
            for (int64_t v = 0; v < kVectors; ++v) sums[i][v] = _mm512_dpbf16_ps(sums[i][v], row, columns[v]);
        }
    }
    for (int64_t v = 0; v < kVectors; ++v) {
        const int64_t left = t.columns - v * kLanes;
        if (left <= 0) return;
        const __mmask16 there = left >= kLanes ? 0xFFFF : static_cast<__mmask16>((1u << left) - 1);
#pragma GCC unroll 6
        for (int64_t i = 0; i < kRows; ++i) {
            if (i >= t.rows) break;
            float* to = t.c + i * t.stride + v * kLanes;
            const __m512 before = t.add ? _mm512_maskz_loadu_ps(there, to) : _mm512_setzero_ps();
            _mm512_mask_storeu_ps(to, there, _mm512_add_ps(before, sums[i][v]));
        }
    }
}

}  // namespace

void multiply(const Product& p, int64_t m_begin, int64_t m_end, int64_t n_begin, int64_t n_end, uint32_t* workspace) {
    uint32_t* rows = workspace;
    uint32_t* columns = workspace + kBlockRows * kBlockDepth / 2;
    for (int64_t depth = 0; depth == 0 || depth < p.k; depth += kBlockDepth) {
        const int64_t k = p.k - depth < kBlockDepth ? p.k - depth : kBlockDepth;
        const int64_t pairs = (k + 1) / 2;
        for (int64_t top = m_begin; top < m_end; top += kBlockRows) {
            const int64_t bottom = m_end - top < kBlockRows ? m_end : top + kBlockRows;
            for (int64_t row = top; row < bottom; row += kRows) {
                pack<kRows>(p.a, row, bottom, depth, k, rows + (row - top) * pairs);
            }
            for (int64_t column = n_begin; column < n_end; column += kColumns) {
                pack<kColumns>(p.b, column, n_end, depth, k, columns);
                for (int64_t row = top; row < bottom; row += kRows) {
                    const Tile t{p.c + row * p.c_stride + column, p.c_stride, bottom - row, n_end - column,
                                 p.add || depth > 0};
                    tile(rows + (row - top) * pairs, columns, pairs, t);
                }
            }
        }
    }
}

}  // namespace crossthink::avx512_bf16
