#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/minhash_rows.h"

namespace crossthink::text {

// MinHash over word 5-grams (Broder 1997) and its bands: two texts of Jaccard similarity s share a band with
// probability 1 - (1 - s^8)^14. Integer arithmetic: every instruction set gives the same values.
constexpr size_t kBands = 14, kRows = 8, kShingle = 5;
static_assert(kBands * kRows == kFunctions);

// Smallest values of the hash functions over each text's runs of kShingle words (a shorter text is one run), [n, 112];
// all 2^32 - 1 for a text without words.
std::vector<uint32_t> minhash(std::span<const std::string_view> texts);

// One key a band of each signature, [n, 14]. The band's number is part of it.
std::vector<uint64_t> band_keys(std::span<const uint32_t> signatures);

}  // namespace crossthink::text
