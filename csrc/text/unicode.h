#pragma once

#include <cstdint>
#include <span>

// What Unicode says of a code point, from tables that the build writes (unicode_tables.py).

namespace crossthink::text {

enum class Kind : uint8_t { kNone, kWord, kDigit, kOperator, kUnspaced };

struct CodePoint {
    Kind kind;
    uint8_t combining;             // canonical combining class
    bool inert;                    // NFKC leaves it alone, whatever inert code point follows
    uint8_t decomposition_length;  // code points of its full compatibility decomposition; 0: itself, or Hangul
    uint8_t fold_length;           // code points of its full case folding, a minus as "-", "⁄" as "/"; 0: itself
    uint32_t at;                   // where these stand in the pool, one behind the other
};

constexpr char32_t kReplacement = 0xFFFD;

const CodePoint& code_point(char32_t c);
std::span<const char32_t> decomposition(const CodePoint& c);
std::span<const char32_t> fold(const CodePoint& c);

// The code point that canonical composition puts in the place of two; 0 where there is none.
char32_t compose(char32_t first, char32_t second);

// Hangul syllables, which have no rows in the tables (Unicode 3.12).
constexpr char32_t kHangul = 0xAC00, kLead = 0x1100, kVowel = 0x1161, kTail = 0x11A7;
constexpr char32_t kLeads = 19, kVowels = 21, kTails = 28, kSyllables = kLeads * kVowels * kTails;

// The code point at `at`, which is moved behind it. Bytes that are no UTF-8 (a surrogate's as well) give kReplacement.
// Requires at < end.
inline char32_t decode(const char*& at, const char* end) {
    const auto lead = static_cast<unsigned char>(*at++);
    if (lead < 0x80) return lead;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || end - at < more) return kReplacement;
    char32_t c = lead & (0x3F >> more);
    for (int i = 0; i < more; ++i) {
        const auto next = static_cast<unsigned char>(at[i]);
        if ((next & 0xC0) != 0x80) return kReplacement;
        c = c << 6 | (next & 0x3F);
    }
    constexpr char32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
    if (c < kSmallest[more] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return kReplacement;
    at += more;
    return c;
}

}  // namespace crossthink::text
