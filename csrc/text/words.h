#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Words as duplicates and contamination are measured, and hashes of runs of them. Integer arithmetic throughout: the
// same values on every machine.

namespace crossthink::text {

// A text is normalised (NFKC, full case folding, white space left as it is) and cut into
//   numbers:    digits, with "." or "," between digits ("1,2", "3.5.2"), without what separates thousands: "12,000" and
//               LaTeX's "12{,}000" and "12,\!000" are "12000",
//   words:      letters, digits and "_", from a character that is no digit on ("x2"; "3rd" is "3" and "rd"),
//   letters of scripts without spaces (Han, kana, Thai, Lao, Khmer, Burmese): each is a word,
//   operators:  one of + - * / = < > ^ % × ÷ · ± √ ≤ ≥ ≠ ∞; the minus sign and the en dash are "-".
// Everything else separates. Bytes that are no UTF-8 separate as well.
struct Word {
    size_t begin;  // place in Words::text
    size_t length;
    uint64_t hash;
    bool number;
};

class Words {
  public:
    // Reads a text; the words of the text before are dropped.
    void read(std::string_view source);

    size_t size() const { return words_.size(); }
    const Word& operator[](size_t i) const { return words_[i]; }
    std::string_view spelling(size_t i) const { return {text_.data() + words_[i].begin, words_[i].length}; }

    // Hash of the words [at, at + count). Requires at + count <= size().
    uint64_t run(size_t at, size_t count) const;
    // Hashes of all runs of `count` words, in order, [max(0, size() - count + 1)]; `out` is overwritten.
    void runs(size_t count, std::vector<uint64_t>& out) const;

  private:
    void cut();

    std::string text_;  // normalised, with zero bytes behind it
    std::vector<Word> words_;
    std::vector<uint64_t> sums_;  // [size() + 1]: of the hashes of the words before, each times a power of the factor
};

// One to one, every bit spread over all others.
uint64_t mix(uint64_t value);

}  // namespace crossthink::text
