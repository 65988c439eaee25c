#include "text/words.h"

#include <array>
#include <bit>
#include <cstring>

#include "text/normalise.h"
#include "text/unicode.h"

namespace crossthink::text {
namespace {

constexpr size_t kPadding = 8;  // zero bytes behind a text: a word's last eight bytes are loaded at once

// Odd, and 3 modulo 8, so that its powers stay far apart: the same words in another order make another sum.
constexpr uint64_t kFactor = 0x9E3779B97F4A7C13;

const std::array<Kind, 128> kAscii = [] {
    std::array<Kind, 128> kinds{};
    for (char32_t c = 0; c < kinds.size(); ++c) kinds[c] = code_point(c).kind;
    return kinds;
}();

uint64_t load(const char* at) {
    uint64_t value;
    std::memcpy(&value, at, sizeof value);
    if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
    return value;
}

// One to one for words of up to eight bytes and one length. Reads up to seven bytes behind the word.
uint64_t hash_of(const char* at, size_t length) {
    uint64_t h = length * kFactor;
    for (; length > 8; length -= 8, at += 8) h = mix(h ^ load(at));
    return mix(h ^ (load(at) & ~uint64_t{0} >> (64 - 8 * length)));
}

// The kind of the character at `at`, which is moved behind it. Requires at < end, or a zero byte at `end`.
inline Kind next(const char*& at, const char* end) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte >= 0x80) return code_point(decode(at, end)).kind;
    ++at;
    return kAscii[byte];
}

const char* behind_word(const char* at, const char* end) {
    for (const char* ahead = at;; at = ahead) {
        const Kind kind = next(ahead, end);
        if (kind != Kind::kWord && kind != Kind::kDigit) return at;
    }
}

const char* behind_digits(const char* at, const char* end) {
    for (const char* ahead = at; next(ahead, end) == Kind::kDigit;) at = ahead;
    return at;
}

// Digits, and more of them behind a point or a comma.
const char* behind_number(const char* at, const char* end) {
    for (;;) {
        at = behind_digits(at, end);
        if (*at != '.' && *at != ',') return at;
        const char* more = behind_digits(at + 1, end);
        if (more == at + 1) return at;
        at = more;
    }
}

uint64_t power(size_t exponent) {
    uint64_t result = 1;
    for (uint64_t square = kFactor; exponent; exponent /= 2, square *= square) {
        if (exponent % 2) result *= square;
    }
    return result;
}

}  // namespace

// Stafford's variant 13 of MurmurHash3's finaliser.
uint64_t mix(uint64_t value) {
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
    value = (value ^ value >> 27) * 0x94D049BB133111EB;
    return value ^ value >> 31;
}

void Words::read(std::string_view source) {
    normalise(source, text_);
    text_.append(kPadding, '\0');
    cut();
    sums_.resize(words_.size() + 1);
    sums_[0] = 0;
    for (size_t i = 0; i < words_.size(); ++i) sums_[i + 1] = sums_[i] * kFactor + words_[i].hash;
}

void Words::cut() {
    words_.clear();
    const char *begin = text_.data(), *end = begin + text_.size() - kPadding;
    for (const char* at = begin; at != end;) {
        const char* start = at;
        const Kind kind = next(at, end);
        if (kind == Kind::kNone) continue;
        if (kind == Kind::kWord) at = behind_word(at, end);
        if (kind == Kind::kDigit) at = behind_number(at, end);
        const auto length = static_cast<size_t>(at - start);
        words_.push_back({static_cast<size_t>(start - begin), length, hash_of(start, length), kind == Kind::kDigit});
    }
}

uint64_t Words::run(size_t at, size_t count) const { return mix(sums_[at + count] - sums_[at] * power(count)); }

void Words::runs(size_t count, std::vector<uint64_t>& out) const {
    out.resize(size() < count ? 0 : size() - count + 1);
    const uint64_t factor = power(count);
    for (size_t i = 0; i < out.size(); ++i) out[i] = mix(sums_[i + count] - sums_[i] * factor);
}

}  // namespace crossthink::text
