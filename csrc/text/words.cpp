#include "text/words.h"

#include <algorithm>
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

constexpr std::string_view kSeparators[] = {",", "{,}", ",\\!"};  // of thousands, as text and as LaTeX

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Length of the separator at `at`; 0 where none stands there with three digits behind it.
size_t separator(const char* at, const char* end) {
    const std::string_view rest(at, end);
    for (std::string_view one : kSeparators) {
        const std::string_view digits = rest.starts_with(one) ? rest.substr(one.size(), 3) : "";
        if (digits.size() == 3 && std::all_of(digits.begin(), digits.end(), is_digit)) return one.size();
    }
    return 0;
}

// Digits in groups of three, and decimals. What is written otherwise is not read: the same place comes back.
const char* behind_thousands(const char* start, const char* end) {
    const char* at = start;
    while (at - start < 3 && is_digit(*at)) ++at;
    if (*start == '0' || at == start || !separator(at, end)) return start;
    while (const size_t length = separator(at, end)) at += length + 3;
    if (*at == '.' && behind_digits(at + 1, end) > at + 1) at = behind_digits(at + 1, end);
    const char* more = at + (*at == '.' || *at == ',');
    return behind_digits(more, end) > more ? start : at;
}

// Takes the separators out of a number, where it stands; its length then.
size_t ungroup(char* number, const char* behind) {
    const auto separates = [](char c) { return std::string_view(",{}\\!").find(c) != std::string_view::npos; };
    return static_cast<size_t>(std::remove_if(number, number + (behind - number), separates) - number);
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
    char* begin = text_.data();
    const char* end = begin + text_.size() - kPadding;
    for (const char* at = begin; at != end;) {
        const char* start = at;
        const Kind kind = next(at, end);
        if (kind == Kind::kNone) continue;
        if (kind == Kind::kWord) at = behind_word(at, end);
        const char* grouped = kind == Kind::kDigit ? behind_thousands(start, end) : start;
        if (kind == Kind::kDigit) at = grouped == start ? behind_number(at, end) : grouped;
        const auto place = static_cast<size_t>(start - begin);
        const size_t length = grouped == start ? static_cast<size_t>(at - start) : ungroup(begin + place, at);
        words_.push_back({place, length, hash_of(start, length), kind == Kind::kDigit});
    }
}

uint64_t Words::run(size_t at, size_t count) const { return mix(sums_[at + count] - sums_[at] * power(count)); }

void Words::runs(size_t count, std::vector<uint64_t>& out) const {
    out.resize(size() < count ? 0 : size() - count + 1);
    const uint64_t factor = power(count);
    for (size_t i = 0; i < out.size(); ++i) out[i] = mix(sums_[i + count] - sums_[i] * factor);
}

}  // namespace crossthink::text
