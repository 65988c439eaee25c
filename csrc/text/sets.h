#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace crossthink::text {

// One list of hashes a text, one behind the other: those of text i are values[offsets[i], offsets[i + 1]).
struct HashLists {
    std::vector<uint64_t> values;
    std::vector<int64_t> offsets{0};

    void close() { offsets.push_back(static_cast<int64_t>(values.size())); }
};

// The set of all runs of `size` words of each text, ascending. A text with fewer words is one run; one without words
// has none.
HashLists shingles(std::span<const std::string_view> texts, size_t size);

// One hash a text: of all its words in their order; 0 for a text without words, or with `below` words or more.
std::vector<uint64_t> text_hashes(std::span<const std::string_view> texts, size_t below);

// How many values two ascending lists share; equal values pair off.
int64_t shared(std::span<const uint64_t> first, std::span<const uint64_t> second);

}  // namespace crossthink::text
