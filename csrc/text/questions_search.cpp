#include <algorithm>

#include "text/questions.h"
#include "text/words.h"

namespace crossthink::text {

// One search over many texts; its buffers are reused from text to text.
class Search {
  public:
    explicit Search(const QuestionIndex& index) : index_(index) {}

    void read(int64_t number, std::string_view text, std::vector<Match>& found) {
        words_.read(text);
        words_.runs(kRun, runs_);
        sown_.clear();
        for (size_t i = 0; i < runs_.size(); ++i) {
            const auto* seed = index_.seed(runs_[i]);
            for (size_t k = 0; seed && k < seed->count; ++k) sown_.emplace_back(index_.owners_[seed->at + k], i);
        }
        std::sort(sown_.begin(), sown_.end());
        for (size_t i = 0, end = 0; i < sown_.size(); i = end) {
            for (end = i; end < sown_.size() && sown_[end].first == sown_[i].first; ++end) continue;
            if (end - i < index_.questions_[sown_[i].first].wanted) continue;
            places_.clear();
            for (size_t k = i; k < end; ++k) places_.push_back(sown_[k].second);
            const Match match = compare(number, sown_[i].first);
            if (2 * match.bits_held >= match.bits ||
                (match.option_bits && 2 * match.option_bits_held >= match.option_bits)) {
                found.push_back(match);
            }
        }
    }

  private:
    using Span = std::pair<size_t, size_t>;  // words [first, second)

    struct Held {
        size_t bits, bits_held, number_bits, number_bits_held, longest_run;
    };

    Match compare(int64_t number, size_t place) {
        const auto& question = index_.questions_[place];
        const Span found = crowd(question.words + question.words / 4 + 16);
        // With room for what no seed led to.
        const Span around{found.first > question.words ? found.first - question.words : 0,
                          std::min(found.second + question.words + kRun, words_.size())};
        const Held whole = held(index_.parts_[question.first_part], around);
        Held options{};
        for (size_t p = 1; p < question.parts; ++p) {
            const Held option = held(index_.parts_[question.first_part + p], around);
            options.bits += option.bits;
            options.bits_held += option.bits_held;
        }
        const auto count = [](size_t value) { return static_cast<int64_t>(value); };
        return {number, count(place), count(found.first), count(index_.parts_[question.first_part].words),
                count(whole.bits), count(whole.bits_held), count(whole.longest_run), count(whole.number_bits),
                count(whole.number_bits_held), count(options.bits), count(options.bits_held)};
    }

    // From the first to the last of the most of places_ that lie within `width` words.
    Span crowd(size_t width) const {
        size_t first = 0, last = 0;
        for (size_t i = 0, j = 0; j < places_.size(); ++j) {
            while (places_[j] - places_[i] >= width) ++i;
            if (j - i > last - first) first = i, last = j;
        }
        return {places_[first], places_[last]};
    }

    // What the text holds of a part inside of `around`: in one stretch, hardly longer than the part.
    Held held(const QuestionIndex::Part& part, Span around) {
        const size_t size = std::clamp<size_t>(part.words, 1, kRun);
        const auto own = index_.runs_.begin() + static_cast<std::ptrdiff_t>(part.at);
        const size_t own_count = part.words < size ? 0 : part.words - size + 1;
        set_.assign(own, own + static_cast<std::ptrdiff_t>(own_count));
        std::sort(set_.begin(), set_.end());
        places_.clear();
        for (size_t i = around.first; i + size <= around.second; ++i) {
            if (std::binary_search(set_.begin(), set_.end(), run(i, size))) places_.push_back(i);
        }
        set_.clear();
        if (!places_.empty()) {
            const Span stretch = crowd(part.words + part.words / 4 + 4);
            for (size_t i = stretch.first; i <= stretch.second; ++i) set_.push_back(run(i, size));
            std::sort(set_.begin(), set_.end());
        }
        return cover(part, size);
    }

    uint64_t run(size_t at, size_t size) const { return size == kRun ? runs_[at] : words_.run(at, size); }

    // The words of a part that stand in one of its runs that set_ has.
    Held cover(const QuestionIndex::Part& part, size_t size) const {
        Held found{};
        size_t covered = 0, in_a_row = 0;  // words before `covered` are held, or were counted as missing
        for (size_t w = 0; w < part.words; ++w) {
            const size_t word = part.at + w;
            if (w + size <= part.words && std::binary_search(set_.begin(), set_.end(), index_.runs_[word])) {
                in_a_row = covered > w ? in_a_row + (w + size - covered) : size;
                covered = w + size;
                found.longest_run = std::max(found.longest_run, in_a_row);
            }
            const size_t bits = index_.bits_[word], here = covered > w ? bits : 0;
            found.bits += bits;
            found.bits_held += here;
            found.number_bits += index_.numbers_[word] ? bits : 0;
            found.number_bits_held += index_.numbers_[word] ? here : 0;
        }
        return found;
    }

    const QuestionIndex& index_;
    Words words_;
    std::vector<uint64_t> runs_;
    std::vector<std::pair<uint32_t, size_t>> sown_;  // (question, word of the text) of every seed
    std::vector<size_t> places_;
    std::vector<uint64_t> set_;
};

std::vector<Match> QuestionIndex::find(std::span<const std::string_view> texts) const {
    std::vector<Match> found;
    Search search(*this);
    for (size_t i = 0; i < texts.size(); ++i) search.read(static_cast<int64_t>(i), texts[i], found);
    return found;
}

}  // namespace crossthink::text
