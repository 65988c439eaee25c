#include "text/questions.h"

#include <algorithm>
#include <bit>

#include "text/words.h"

namespace crossthink::text {
namespace {

using Pairs = std::vector<std::pair<uint64_t, uint32_t>>;  // (hash, question)

void sort_once(Pairs& pairs) {
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
}

// Calls each(hash, its questions) for every hash of pairs that sort_once has put in order.
template <class Each>
void by_hash(const Pairs& pairs, const Each& each) {
    std::vector<uint32_t> questions;
    for (size_t i = 0, end = 0; i < pairs.size(); i = end) {
        questions.clear();
        for (end = i; end < pairs.size() && pairs[end].first == pairs[i].first; ++end) {
            questions.push_back(pairs[end].second);
        }
        each(pairs[i].first, questions);
    }
}

// log2 of 1 / frequency in the other questions, with a prior of one in 1024 worth eight questions: a word that no other
// holds counts as rare, whatever the number of questions. Rounded up; 1 to kMaxBits.
uint8_t weight(size_t holders, size_t questions) {
    const uint64_t inverse = (uint64_t{questions} + 8) * 128 / ((uint64_t{holders} - 1) * 128 + 1);
    return static_cast<uint8_t>(std::clamp<size_t>(std::bit_width(inverse), 1, kMaxBits));
}

}  // namespace

QuestionIndex::QuestionIndex(std::span<const std::string_view> parts, std::span<const int64_t> first) {
    read(parts, first);
    plant();
}

void QuestionIndex::read(std::span<const std::string_view> parts, std::span<const int64_t> first) {
    std::vector<uint64_t> hashes;
    Words words;
    std::vector<uint64_t> runs;
    for (size_t i = 0; i + 1 < first.size(); ++i) {
        Question question{parts_.size(), static_cast<size_t>(first[i + 1] - first[i]), 0, 0};
        for (int64_t part = first[i]; part < first[i + 1]; ++part) {
            words.read(parts[part]);
            parts_.push_back({hashes.size(), words.size()});
            question.words += words.size();
            words.runs(std::clamp<size_t>(words.size(), 1, kRun), runs);
            runs.resize(words.size());
            runs_.insert(runs_.end(), runs.begin(), runs.end());
            for (size_t w = 0; w < words.size(); ++w) {
                hashes.push_back(words[w].hash);
                numbers_.push_back(number(words[w]));
            }
        }
        questions_.push_back(question);
    }
    weigh(hashes);
}

void QuestionIndex::weigh(const std::vector<uint64_t>& words) {
    Pairs pairs;
    for (uint32_t i = 0; i < questions_.size(); ++i) {
        const size_t begin = parts_[questions_[i].first_part].at;
        for (size_t w = begin; w < begin + questions_[i].words; ++w) pairs.emplace_back(words[w], i);
    }
    sort_once(pairs);
    std::vector<std::pair<uint64_t, uint8_t>> weights;
    by_hash(pairs, [&](uint64_t word, const std::vector<uint32_t>& holders) {
        weights.emplace_back(word, weight(holders.size(), questions_.size()));
    });
    for (uint64_t word : words) {
        bits_.push_back(std::lower_bound(weights.begin(), weights.end(), std::pair{word, uint8_t{0}})->second);
    }
    for (Question& question : questions_) {
        const Part& part = parts_[question.first_part];
        for (size_t w = part.at; w < part.at + part.words; ++w) question.bits += bits_[w];
    }
}

void QuestionIndex::plant() {
    Pairs pairs;
    for (uint32_t i = 0; i < questions_.size(); ++i) {
        const Question& question = questions_[i];
        const size_t parts = question.bits < kFewBits ? question.parts : 1;
        for (size_t p = question.first_part; p < question.first_part + parts; ++p) {
            for (size_t w = kRun; w <= parts_[p].words; ++w) pairs.emplace_back(runs_[parts_[p].at + w - kRun], i);
        }
    }
    sort_once(pairs);
    size_t kept = 0;
    by_hash(pairs, [&](uint64_t, const std::vector<uint32_t>& owners) { kept += owners.size() <= kCommon; });
    seeds_.resize(std::bit_ceil(kept + kept / 2 + 1), Seed{0, kFree});
    const size_t filter_bits = std::bit_ceil(8 * kept + 64);
    filter_.resize(filter_bits / 64);
    filter_shift_ = 64 - std::countr_zero(filter_bits);
    std::vector<size_t> sown(questions_.size());
    by_hash(pairs, [&](uint64_t run, const std::vector<uint32_t>& owners) {
        if (owners.size() > kCommon) return;
        store(run, owners);
        for (uint32_t owner : owners) ++sown[owner];
    });
    for (size_t seeds : sown) {
        wanted_.push_back(static_cast<uint8_t>(std::clamp<size_t>(seeds * 3 / 10, 1, kMaxWanted)));
    }
}

void QuestionIndex::store(uint64_t run, std::span<const uint32_t> owners) {
    size_t at = slot(run);
    while (seeds_[at].at != kFree) at = (at + 1) & (seeds_.size() - 1);
    seeds_[at] = {static_cast<uint32_t>(run >> 32), owners[0]};
    if (owners.size() > 1) {
        seeds_[at].at = kMany + static_cast<uint32_t>(owners_.size());
        owners_.push_back(static_cast<uint32_t>(owners.size()));
        owners_.insert(owners_.end(), owners.begin(), owners.end());
    }
    filter_[filter_bit(run) / 64] |= uint64_t{1} << filter_bit(run) % 64;
}

uint32_t QuestionIndex::number(const Word& word) { return word.number ? static_cast<uint32_t>(word.hash) | 1 : 0; }

uint32_t QuestionIndex::find_seed(uint64_t run) const {
    for (size_t i = slot(run); seeds_[i].at != kFree; i = (i + 1) & (seeds_.size() - 1)) {
        if (seeds_[i].tag == run >> 32) return seeds_[i].at;
    }
    return kFree;
}

std::span<const uint32_t> QuestionIndex::owners(const uint32_t& at) const {
    if (at < kMany) return {&at, 1};
    const uint32_t* several = owners_.data() + (at - kMany);
    return {several + 1, *several};
}

}  // namespace crossthink::text
