#pragma once

#include <cstdint>

// Products of bf16 matrices, summed in fp32, by AVX512-BF16's dot products of pairs. Each element of the result is
// summed over k in one fixed order, whatever m, n and the number of threads: a row has the same bits in any batch.

namespace crossthink {

struct Bf16Matrix {
    const uint16_t* data;
    int64_t stride;  // elements from one line to the next
    bool along_k;    // lines run along k (their elements are neighbours in memory); else they run across it
};

struct Product {
    Bf16Matrix a;  // [m, k]: m lines along k, or k lines of m
    Bf16Matrix b;  // [k, n]: n lines along k, or k lines of n
    float* c;      // [m, n]
    int64_t c_stride;
    int64_t m, n, k;
    bool add;  // to what c holds
};

// Whether this processor has the instructions.
bool multiplies_bf16();

// c = a b, or c += a b.
void multiply(const Product& p, int64_t threads);

namespace avx512_bf16 {
constexpr int64_t kRows = 6, kColumns = 64;             // of a tile of c: 24 sums in registers, 4 of b and 1 of a
constexpr int64_t kBlockRows = 768, kBlockDepth = 768;  // of a packed block of a: 1.2 MB, read a panel at a time
constexpr int64_t kWorkspace = (kBlockRows + kColumns) * kBlockDepth / 2;

// The part of c of rows [m_begin, m_end) and columns [n_begin, n_end); `workspace` holds kWorkspace elements.
void multiply(const Product& p, int64_t m_begin, int64_t m_end, int64_t n_begin, int64_t n_end, uint32_t* workspace);
}  // namespace avx512_bf16

}  // namespace crossthink
