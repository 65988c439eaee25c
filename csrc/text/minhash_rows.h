#pragma once

#include <cstddef>
#include <cstdint>

namespace crossthink::text {

constexpr size_t kFunctions = 112;

// Function i is x -> factor[i] * x + offset[i] modulo 2^32, with an odd factor.
struct MinHash {
    const uint32_t* values;  // [count]
    size_t count;
    const uint32_t* factor;  // [kFunctions]
    const uint32_t* offset;  // [kFunctions]
    uint32_t* smallest;      // [kFunctions]
};

// minhash_rows.cpp is compiled once for each instruction set, into a namespace of its name.
#define CROSSTHINK_DECLARE_MINHASH(isa) \
    namespace isa {                     \
    void minhash(const MinHash& p);     \
    }

CROSSTHINK_DECLARE_MINHASH(plain)
#ifdef CROSSTHINK_X86
CROSSTHINK_DECLARE_MINHASH(avx2)
CROSSTHINK_DECLARE_MINHASH(avx512)
#endif

}  // namespace crossthink::text
