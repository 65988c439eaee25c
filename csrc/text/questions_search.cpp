#include <algorithm>
#include <array>

#include "text/questions.h"
#include "text/words.h"

namespace crossthink::text {

constexpr int kPlaceBits = 36;    // for words of one text; the rest is for questions
constexpr size_t kStretch = 256;  // runs
constexpr size_t kNowhere = ~size_t{0};

// One search over many texts; its buffers are reused from text to text.
class Search {
  public:
    explicit Search(const QuestionIndex& index) : index_(index), counts_(index.questions_.size()) {}

    void read(int64_t number, std::string_view text, std::vector<Match>& found) {
        words_.read(text);
        words_.runs(kRun, runs_);
        sow();
        for (size_t i = 0, end = 0; i < sown_.size(); i = end) {
            const uint64_t question = sown_[i] >> kPlaceBits;
            for (end = i; end < sown_.size() && sown_[end] >> kPlaceBits == question; ++end) continue;
            places_.clear();
            for (size_t k = i; k < end; ++k) places_.push_back(sown_[k] & ((uint64_t{1} << kPlaceBits) - 1));
            compare(number, question, found);
        }
    }

  private:
    struct Crowd {
        size_t count, first, last;  // places
    };
    struct Span {
        size_t begin, end;  // words of the text
    };
    struct Held {
        size_t bits, bits_held, number_bits, number_bits_held, longest_run;
    };

    struct Hit {
        size_t place;
        uint32_t owners;  // QuestionIndex::Seed's `at`
    };

    // Finds the text's seeds: sown_ holds (question, place) of each whose question has as many as it wants, by
    // question, then by place. Most questions of most texts have fewer, so these are counted before anything is put in
    // order.
    void sow() {
        find_hits();
        for (const Hit& hit : hits_) {
            for (uint32_t question : index_.owners(hit.owners)) counts_[question] += counts_[question] < kMaxWanted;
        }
        sown_.clear();
        for (const Hit& hit : hits_) {
            for (uint32_t question : index_.owners(hit.owners)) {
                if (counts_[question] < index_.wanted_[question]) continue;
                sown_.push_back(uint64_t{question} << kPlaceBits | hit.place);
            }
        }
        for (const Hit& hit : hits_) {
            for (uint32_t question : index_.owners(hit.owners)) counts_[question] = 0;
        }
        std::sort(sown_.begin(), sown_.end());
    }

    void find_hits() {
        hits_.clear();
        for (size_t i = 0; i < runs_.size(); i += kStretch) find_hits({i, std::min(i + kStretch, runs_.size())});
    }

    // The tables are larger than a cache, so all that a stretch of the text asks of one is fetched before it is looked
    // at. Whether the filter has a run cannot be foretold: no branch hangs on it.
    void find_hits(Span stretch) {
        for (size_t i = stretch.begin; i < stretch.end; ++i) {
            __builtin_prefetch(&index_.filter_[index_.filter_bit(runs_[i]) / 64]);
        }
        size_t count = 0;
        for (size_t i = stretch.begin; i < stretch.end; ++i) {
            const size_t bit = index_.filter_bit(runs_[i]);
            candidates_[count] = i;
            count += index_.filter_[bit / 64] >> bit % 64 & 1;
        }
        const std::span candidates(candidates_.data(), count);
        for (size_t place : candidates) __builtin_prefetch(&index_.seeds_[index_.slot(runs_[place])]);
        for (size_t place : candidates) {
            const uint32_t owners = index_.find_seed(runs_[place]);
            if (owners == QuestionIndex::kFree) continue;
            if (owners >= QuestionIndex::kMany) __builtin_prefetch(&index_.owners_[owners - QuestionIndex::kMany]);
            hits_.push_back({place, owners});
        }
    }

    // Compares the text with a question near the most of places_.
    void compare(int64_t number, size_t place, std::vector<Match>& found) {
        const auto& question = index_.questions_[place];
        const auto& stem = index_.parts_[question.first_part];
        const size_t sown = question.bits < kFewBits ? question.words : stem.words;  // words that may be seeds
        const Crowd seeds = crowd(kRun, sown + sown / 4 + 4);
        if (seeds.count < index_.wanted_[place]) return;
        const Held whole = held(stem, around(seeds, sown));
        if (2 * whole.bits_held < whole.bits) return;
        Held options{};
        for (size_t p = 1; p < question.parts; ++p) {
            const Held option = held(index_.parts_[question.first_part + p], around(seeds, question.words));
            options.bits += option.bits;
            options.bits_held += option.bits_held;
        }
        const auto count = [](size_t value) { return static_cast<int64_t>(value); };
        found.push_back({number, count(place), count(seeds.first), count(stem.words), count(whole.bits),
                         count(whole.bits_held), count(whole.longest_run), count(whole.number_bits),
                         count(whole.number_bits_held), count(options.bits), count(options.bits_held)});
    }

    // The places within `width` words at which the most different runs start, the first where there are several, from
    // the last at which all of them still do: a run said again and again is one. Requires a place.
    Crowd crowd(size_t size, size_t width) {
        distinct_.clear();
        for (size_t place : places_) distinct_.push_back(run(place, size));
        std::sort(distinct_.begin(), distinct_.end());
        distinct_.erase(std::unique(distinct_.begin(), distinct_.end()), distinct_.end());
        const auto times = [&](size_t place) -> size_t& {
            const auto at = std::lower_bound(distinct_.begin(), distinct_.end(), run(place, size));
            return times_[static_cast<size_t>(at - distinct_.begin())];
        };
        times_.assign(distinct_.size(), 0);
        Crowd most{};
        size_t count = 0;
        for (size_t i = 0, j = 0; j < places_.size(); ++j) {
            count += times(places_[j])++ == 0;
            while (places_[j] - places_[i] >= width || times(places_[i]) > 1) count -= --times(places_[i++]) == 0;
            if (count > most.count) most = {count, places_[i], places_[j]};
        }
        return most;
    }

    // The words from `room` before the seeds to `room` behind them.
    Span around(const Crowd& seeds, size_t room) const {
        return {seeds.first > room ? seeds.first - room : 0, std::min(seeds.last + kRun + room, words_.size())};
    }

    // What the text holds of a part `inside` a span: in one stretch, hardly longer than the part.
    Held held(const QuestionIndex::Part& part, Span inside) {
        const size_t size = std::clamp<size_t>(part.words, 1, kRun);
        const auto own = index_.runs_.begin() + static_cast<std::ptrdiff_t>(part.at);
        const size_t own_count = part.words < size ? 0 : part.words - size + 1;
        set_.assign(own, own + static_cast<std::ptrdiff_t>(own_count));
        std::sort(set_.begin(), set_.end());
        uint64_t low_bits = 0;  // of the runs: most of the text's are told apart by them
        for (uint64_t one : set_) low_bits |= uint64_t{1} << one % 64;
        places_.clear();
        for (size_t i = inside.begin; i + size <= inside.end; ++i) {
            const uint64_t one = run(i, size);
            if (low_bits >> one % 64 & 1 && std::binary_search(set_.begin(), set_.end(), one)) places_.push_back(i);
        }
        shared_.clear();
        if (!places_.empty()) {
            const Crowd stretch = crowd(size, part.words + part.words / 4 + 4);
            for (size_t i = stretch.first; i <= stretch.last; ++i) shared_.emplace_back(run(i, size), i);
            std::sort(shared_.begin(), shared_.end());
        }
        return cover(part, size);
    }

    uint64_t run(size_t at, size_t size) const { return size == kRun ? runs_[at] : words_.run(at, size); }

    // The words of a part that stand in one of its runs that shared_ has, and numbers beside them.
    Held cover(const QuestionIndex::Part& part, size_t size) {
        Held found{};
        found.longest_run = line_up(part, size);
        find_numbers(part);
        for (size_t w = 0; w < part.words; ++w) {
            const size_t word = part.at + w, bits = index_.bits_[word], here = at_[w] == kNowhere ? 0 : bits;
            found.bits += bits;
            found.bits_held += here;
            found.number_bits += index_.numbers_[word] ? bits : 0;
            found.number_bits_held += index_.numbers_[word] ? here : 0;
        }
        return found;
    }

    // Fills at_ with the words of a part's runs that shared_ has; how many of them stand in a row at most. A run that
    // the text has several times is the next one behind the run before, if there is one.
    size_t line_up(const QuestionIndex::Part& part, size_t size) {
        at_.assign(part.words, kNowhere);
        size_t longest = 0, covered = 0, in_a_row = 0, next = 0;  // words before `covered` are held or missing
        for (size_t w = 0; w + size <= part.words; ++w) {
            const uint64_t run = index_.runs_[part.at + w];
            auto one = std::lower_bound(shared_.begin(), shared_.end(), std::pair{run, next});
            if (one == shared_.end() || one->first != run) {
                one = std::lower_bound(shared_.begin(), shared_.end(), std::pair{run, size_t{0}});
            }
            if (one == shared_.end() || one->first != run) continue;
            next = one->second + 1;
            for (size_t i = 0; i < size; ++i) at_[w + i] = one->second + i;
            in_a_row = covered > w ? in_a_row + (w + size - covered) : size;
            covered = w + size;
            longest = std::max(longest, in_a_row);
        }
        return longest;
    }

    // Adds to at_ the numbers that stand as far from the next held word before or behind them as in the part.
    void find_numbers(const QuestionIndex::Part& part) {
        size_t held = kNowhere;
        const auto look = [&](size_t w) {
            const size_t place = held == kNowhere ? kNowhere : at_[held] + w - held;
            if (at_[w] == kNowhere && place < words_.size() && index_.numbers_[part.at + w] &&
                index_.numbers_[part.at + w] == QuestionIndex::number(words_[place])) {
                at_[w] = place;
            }
            if (at_[w] != kNowhere) held = w;
        };
        for (size_t w = 0; w < part.words; ++w) look(w);
        held = kNowhere;
        for (size_t w = part.words; w > 0; --w) look(w - 1);
    }

    const QuestionIndex& index_;
    Words words_;
    std::vector<uint64_t> runs_;
    std::array<size_t, kStretch> candidates_;  // runs of a stretch that may be seeds
    std::vector<Hit> hits_;
    std::vector<uint8_t> counts_;  // of each question: seeds in the text, kMaxWanted at most; 0 between two texts
    std::vector<uint64_t> sown_;   // question << kPlaceBits | word of the text
    std::vector<size_t> places_;
    std::vector<uint64_t> set_;
    std::vector<uint64_t> distinct_;                   // runs that start at places_
    std::vector<size_t> times_;                        // that each of them does
    std::vector<std::pair<uint64_t, size_t>> shared_;  // runs of a stretch of the text, with their places
    std::vector<size_t> at_;                           // of each word of a part, its place in the text
};

std::vector<Match> QuestionIndex::find(std::span<const std::string_view> texts) const {
    std::vector<Match> found;
    Search search(*this);
    for (size_t i = 0; i < texts.size(); ++i) search.read(static_cast<int64_t>(i), texts[i], found);
    return found;
}

}  // namespace crossthink::text
