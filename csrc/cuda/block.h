#pragma once

// What launches are made of.

#include <cstdint>

namespace crossthink {

constexpr int kWarp = 32;

inline unsigned blocks(int64_t n, int64_t of_a_block) {
    return static_cast<unsigned>((n + of_a_block - 1) / of_a_block);
}

}  // namespace crossthink
