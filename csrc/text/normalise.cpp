#include "text/normalise.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "text/unicode.h"

namespace crossthink::text {
namespace {

void append(std::string& out, char32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
    } else if (c < 0x10000) {
        out += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
                static_cast<char>(0x80 | (c & 0x3F))};
    } else {
        out += {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3F)),
                static_cast<char>(0x80 | (c >> 6 & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
    }
}

void append_folded(std::string& out, char32_t c) {
    const std::span<const char32_t> folded = fold(code_point(c));
    if (folded.empty()) append(out, c);
    for (char32_t f : folded) append(out, f);
}

// A stretch of text that normalises on its own: an inert code point, and those behind it that are not.
class Stretch {
  public:
    explicit Stretch(std::string& out) : out_(out) {}

    void push(char32_t c) {
        if (code_point(c).inert) flush();
        source_.push_back(c);
    }

    void flush() {
        if (source_.size() == 1 && code_point(source_[0]).inert) {
            append_folded(out_, source_[0]);
        } else if (!source_.empty()) {
            decompose();
            reorder();
            recompose();
            for (char32_t c : decomposed_) append_folded(out_, c);
        }
        source_.clear();
    }

  private:
    void decompose() {
        decomposed_.clear();
        for (char32_t c : source_) {
            const std::span<const char32_t> parts = decomposition(code_point(c));
            if (c - kHangul < kSyllables) {
                const char32_t syllable = c - kHangul, tail = syllable % kTails;
                decomposed_.push_back(kLead + syllable / (kVowels * kTails));
                decomposed_.push_back(kVowel + syllable / kTails % kVowels);
                if (tail) decomposed_.push_back(kTail + tail);
            } else if (parts.empty()) {
                decomposed_.push_back(c);
            } else {
                decomposed_.insert(decomposed_.end(), parts.begin(), parts.end());
            }
        }
    }

    // Canonical order: marks between two starters by their class, equal ones as they stood.
    void reorder() {
        const auto is_starter = [](char32_t c) { return code_point(c).combining == 0; };
        for (auto at = decomposed_.begin(); at != decomposed_.end();) {
            at = std::find_if_not(at, decomposed_.end(), is_starter);
            const auto end = std::find_if(at, decomposed_.end(), is_starter);
            std::stable_sort(at, end,
                             [](char32_t a, char32_t b) { return code_point(a).combining < code_point(b).combining; });
            at = end;
        }
    }

    // Canonical composition (Unicode 3.11, D117): a mark joins the last starter unless one of its class or a higher
    // one stands between them.
    void recompose() {
        size_t starter = 0, kept = 1;
        int last = code_point(decomposed_[0]).combining ? 256 : 0;
        for (size_t i = 1; i < decomposed_.size(); ++i) {
            const char32_t c = decomposed_[i];
            const int combining = code_point(c).combining;
            const char32_t whole = last < combining || last == 0 ? compose(decomposed_[starter], c) : 0;
            if (whole) {
                decomposed_[starter] = whole;
                continue;
            }
            if (combining == 0) starter = kept;
            last = combining;
            decomposed_[kept++] = c;
        }
        decomposed_.resize(kept);
    }

    std::string& out_;
    std::vector<char32_t> source_, decomposed_;
};

const char* behind_ascii(const char* at, const char* end) {
    for (uint64_t eight; end - at >= 8; at += sizeof eight) {
        std::memcpy(&eight, at, sizeof eight);
        if (eight & 0x8080808080808080) break;
    }
    while (at != end && static_cast<signed char>(*at) >= 0) ++at;
    return at;
}

// Unicode's Default_Ignorable_Code_Point, but for marks of shorthand and musical notes.
bool is_unseen(char32_t c) {
    return c == 0xAD || c == 0x34F || c == 0x61C || c == 0x115F || c == 0x1160 || c == 0x17B4 || c == 0x17B5 ||
           (c >= 0x180B && c <= 0x180F) || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || c == 0x3164 || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF || c == 0xFFA0 ||
           (c >= 0xE0000 && c <= 0xE0FFF);
}

// Superscript digits, signs, "i" and "n".
bool is_raised(char32_t c) {
    return c == 0xB2 || c == 0xB3 || c == 0xB9 || c == 0x2070 || c == 0x2071 || (c >= 0x2074 && c <= 0x207F);
}

// A fraction in one character, and the "1⁄" of any other.
bool is_fraction(char32_t c) { return (c >= 0xBC && c <= 0xBE) || (c >= 0x2150 && c <= 0x215F) || c == 0x2189; }

void append_lower(std::string& out, const char* begin, const char* end) {
    const size_t size = out.size();
    out.resize(size + (end - begin));
    std::transform(begin, end, out.begin() + size, [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
}

}  // namespace

void normalise(std::string_view source, std::string& out) {
    out.clear();
    Stretch stretch(out);
    char32_t before = 0;  // the code point before, of those that are seen
    const char *at = source.data(), *end = at + source.size();
    while (at != end) {
        const char* ascii = behind_ascii(at, end);
        if (ascii != at) {
            // The last of them may take a mark that follows. All before it are final: no mark is ASCII.
            stretch.flush();
            append_lower(out, at, ascii - 1);
            stretch.push(static_cast<unsigned char>(ascii[-1]));
            before = static_cast<unsigned char>(ascii[-1]);
        }
        for (at = ascii; at != end && static_cast<signed char>(*at) < 0;) {
            const char32_t c = decode(at, end);
            if (is_unseen(c)) continue;
            if (is_raised(c) && !is_raised(before)) stretch.push('^');
            if (is_fraction(c) && code_point(before).kind == Kind::kDigit) stretch.push(' ');
            before = c;
            stretch.push(c);
        }
    }
    stretch.flush();
}

}  // namespace crossthink::text
