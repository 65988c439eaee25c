#include <algorithm>

#include "text/questions.h"
#include "text/words.h"

namespace crossthink::text {

// Where a text may hold a question: the window of the text in which most of its seeds lie, with room on both sides.
struct Window {
    size_t begin, end;  // words
    size_t first_seed;
};

// One search over many texts; its buffers are reused from text to text.
class Search {
  public:
    explicit Search(const QuestionIndex& index) : index_(index), hits_(index.questions_.size()) {}

    void read(int64_t number, std::string_view text, std::vector<Match>& found) {
        words_.read(text);
        words_.runs(kRun, runs_);
        collect();
        std::sort(places_.begin(), places_.end());
        for (size_t i = 0, end = 0; i < places_.size(); i = end) {
            const size_t question = places_[i].first;
            seeds_.clear();
            for (end = i; end < places_.size() && places_[end].first == question; ++end) {
                seeds_.push_back(places_[end].second);
            }
            const Match match = compare(number, question);
            if (2 * match.bits_held >= match.bits || match.longest_run >= static_cast<int64_t>(kLongRun) ||
                (match.option_bits && 2 * match.option_bits_held >= match.option_bits)) {
                found.push_back(match);
            }
        }
    }

  private:
    struct Held {
        size_t bits, bits_held, numbers, numbers_held, longest_run;
    };

    // (question, word of the text) of every seed of the questions that are worth comparing.
    void collect() {
        sown_.clear();
        for (size_t i = 0; i < runs_.size(); ++i) {
            if (const auto* seed = index_.seed(runs_[i])) {
                sown_.emplace_back(seed, i);
                for (size_t k = 0; k < seed->count; ++k) ++hits_[index_.owners_[seed->at + k]];
            }
        }
        places_.clear();
        for (const auto& [seed, i] : sown_) {
            for (size_t k = 0; k < seed->count; ++k) {
                const uint32_t question = index_.owners_[seed->at + k];
                if (hits_[question] >= index_.questions_[question].wanted) places_.emplace_back(question, i);
            }
        }
        for (const auto& [seed, i] : sown_) {
            for (size_t k = 0; k < seed->count; ++k) hits_[index_.owners_[seed->at + k]] = 0;
        }
    }

    Window window(size_t words) const {
        const size_t width = words + words / 4 + 16;
        size_t first = 0, last = 0;
        for (size_t i = 0, j = 0; j < seeds_.size(); ++j) {
            while (seeds_[j] - seeds_[i] >= width) ++i;
            if (j - i > last - first) first = i, last = j;
        }
        const size_t begin = seeds_[first], end = seeds_[last] + words + kRun;
        return {begin > words ? begin - words : 0, std::min(end, words_.size()), begin};
    }

    Match compare(int64_t number, size_t place) {
        const auto& question = index_.questions_[place];
        const Window at = window(question.words);
        for (size_t size = 1; size <= kRun; ++size) {
            std::vector<uint64_t>& set = window_runs_[size - 1];
            set.clear();
            for (size_t i = at.begin; i + size <= at.end; ++i) set.push_back(words_.run(i, size));
            std::sort(set.begin(), set.end());
        }
        const Held whole = held(index_.parts_[question.first_part]);
        Held options{};
        for (size_t p = 1; p < question.parts; ++p) {
            const Held option = held(index_.parts_[question.first_part + p]);
            options.bits += option.bits;
            options.bits_held += option.bits_held;
        }
        const auto count = [](size_t value) { return static_cast<int64_t>(value); };
        return {number, count(place), count(at.first_seed), count(index_.parts_[question.first_part].words),
                count(whole.bits), count(whole.bits_held), count(whole.longest_run), count(whole.numbers),
                count(whole.numbers_held), count(options.bits), count(options.bits_held)};
    }

    Held held(const QuestionIndex::Part& part) {
        Held found{};
        const size_t size = std::clamp<size_t>(part.words, 1, kRun);
        const std::vector<uint64_t>& set = window_runs_[size - 1];
        size_t covered = 0, in_a_row = 0;  // words before `covered` are part of a shared run, or were counted as missing
        for (size_t w = 0; w < part.words; ++w) {
            const size_t word = part.at + w;
            if (w + size <= part.words && std::binary_search(set.begin(), set.end(), index_.runs_[word])) {
                in_a_row = covered > w ? in_a_row + (w + size - covered) : size;
                covered = w + size;
                found.longest_run = std::max(found.longest_run, in_a_row);
            }
            const bool here = covered > w;
            found.bits += index_.bits_[word];
            found.numbers += index_.numbers_[word];
            if (here) found.bits_held += index_.bits_[word];
            if (here) found.numbers_held += index_.numbers_[word];
        }
        return found;
    }

    const QuestionIndex& index_;
    std::vector<uint32_t> hits_;  // of each question: its seeds in this text; 0 between texts
    Words words_;
    std::vector<uint64_t> runs_;
    std::vector<std::pair<const QuestionIndex::Seed*, size_t>> sown_;
    std::vector<std::pair<uint32_t, size_t>> places_;
    std::vector<size_t> seeds_;
    std::vector<uint64_t> window_runs_[kRun];
};

std::vector<Match> QuestionIndex::find(std::span<const std::string_view> texts) const {
    std::vector<Match> found;
    Search search(*this);
    for (size_t i = 0; i < texts.size(); ++i) search.read(static_cast<int64_t>(i), texts[i], found);
    return found;
}

}  // namespace crossthink::text
