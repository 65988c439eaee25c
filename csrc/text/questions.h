#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace crossthink::text {

struct Word;

// What a text holds of one evaluation question. "Bits" are the sum of the weights of words. A word is held where a run
// of three words of its part around it (of all its words, where the part has fewer) stands in the text as well, in a
// stretch hardly longer than the part; a number as well where it stands as far from the next such word before or behind
// it as in the part, whatever stands between them.
struct Match {
    int64_t text;
    int64_t question;
    int64_t start;  // word of the text at which the first shared run that led here starts
    int64_t words;  // of the question, without its options
    int64_t bits, bits_held;
    int64_t longest_run;                    // words of the question held in a row
    int64_t number_bits, number_bits_held;  // of those that are numbers
    int64_t option_bits, option_bits_held;
};

// An index of evaluation questions with their options, and the search for them in other texts.
//
// A word's weight says how much it tells about a question: the bits of its frequency in the other questions, 1 to 12.
// Seeds are the runs of three words of a question, and of its options where the question alone has few bits; a run that
// many questions share is none. A text that holds enough seeds of a question near each other is compared with it in
// full: part by part, so that the order of the options does not matter.
class QuestionIndex {
  public:
    // `parts` holds each question and behind it its options; question i has the parts [first[i], first[i + 1]).
    // Requires ascending `first` from 0 to parts.size(), and at least one part a question.
    QuestionIndex(std::span<const std::string_view> parts, std::span<const int64_t> first);

    // Every question of which a text holds half of the bits; by text, then by question.
    std::vector<Match> find(std::span<const std::string_view> texts) const;

    int64_t size() const { return static_cast<int64_t>(questions_.size()); }

  private:
    friend class Search;

    struct Part {
        size_t at;  // of its first word in bits_, numbers_ and runs_
        size_t words;
    };
    struct Question {
        size_t first_part, parts;
        size_t words;  // of all parts
        size_t bits;   // of the first part
    };
    // A slot of the hash table of seeds. Half of a run's hash tells it from its neighbours here: where one in 2^32 has
    // the same half, one seed of many is taken for another.
    struct Seed {
        uint32_t tag;
        uint32_t at;  // kFree; a question; or kMany + place in owners_ of several: their number, and these
    };
    static constexpr uint32_t kMany = 1u << 31, kFree = ~0u;

    void read(std::span<const std::string_view> parts, std::span<const int64_t> first);
    void weigh(const std::vector<uint64_t>& words);
    void plant();
    void store(uint64_t run, std::span<const uint32_t> owners);

    size_t slot(uint64_t run) const { return run & (seeds_.size() - 1); }
    size_t filter_bit(uint64_t run) const { return run >> filter_shift_; }
    static uint32_t number(const Word& word);                    // half of its hash, made odd; 0 where it is none
    uint32_t find_seed(uint64_t run) const;                      // its Seed's `at`; kFree where it is none
    std::span<const uint32_t> owners(const uint32_t& at) const;  // the questions that such a place stands for

    std::vector<Question> questions_;
    std::vector<uint8_t> wanted_;  // of each question: seeds that a text must hold near each other to be compared
    std::vector<Part> parts_;
    std::vector<uint64_t> runs_;     // of each word: the run that starts there, of 3 words or of the whole part
    std::vector<uint8_t> bits_;      // of each word
    std::vector<uint32_t> numbers_;  // of each word: number()
    std::vector<Seed> seeds_;        // hash table, open addressing
    std::vector<uint32_t> owners_;   // questions of each seed, ascending
    std::vector<uint64_t> filter_;   // bit set of the seeds' high bits: most runs of most texts are none by it
    int filter_shift_ = 0;
};

constexpr size_t kRun = 3;         // words of a shared run
constexpr size_t kCommon = 16;     // a run that more questions share is no seed
constexpr size_t kMaxBits = 12;    // of one word
constexpr size_t kFewBits = 60;    // a question with fewer is looked for by its options as well
constexpr size_t kMaxWanted = 12;  // seeds

}  // namespace crossthink::text
