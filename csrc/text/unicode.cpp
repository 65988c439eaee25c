#include "text/unicode.h"

#include <algorithm>
#include <iterator>

namespace crossthink::text {
namespace {

struct Composition {
    uint64_t pair;  // first << 32 | second, ascending
    char32_t whole;
};

constexpr char32_t kPage = 128;

#include "unicode_tables.inc"

}  // namespace

const CodePoint& code_point(char32_t c) { return kCodePoints[kRecords[kPages[c / kPage] * kPage + c % kPage]]; }

std::span<const char32_t> decomposition(const CodePoint& c) { return {kPool + c.at, c.decomposition_length}; }

std::span<const char32_t> fold(const CodePoint& c) { return {kPool + c.at + c.decomposition_length, c.fold_length}; }

char32_t compose(char32_t first, char32_t second) {
    if (first - kLead < kLeads && second - kVowel < kVowels) {
        return kHangul + ((first - kLead) * kVowels + (second - kVowel)) * kTails;
    }
    if (first - kHangul < kSyllables && (first - kHangul) % kTails == 0 && second - kTail - 1 < kTails - 1) {
        return first + (second - kTail);
    }
    const uint64_t pair = static_cast<uint64_t>(first) << 32 | second;
    const auto* found = std::lower_bound(std::begin(kCompositions), std::end(kCompositions), pair,
                                         [](const Composition& c, uint64_t value) { return c.pair < value; });
    return found != std::end(kCompositions) && found->pair == pair ? found->whole : 0;
}

}  // namespace crossthink::text
