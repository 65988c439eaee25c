// Throws made-up texts at the text core for a number of seconds and checks what must hold for any text. Built with the
// sanitizers by tests/test_sanitizers.py:  fuzz_text SECONDS [SEED]. A failed check prints the seed of its turn.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "text/minhash.h"
#include "text/questions.h"
#include "text/sets.h"
#include "text/strings.h"
#include "text/words.h"

using namespace crossthink::text;

namespace {

uint64_t seed = 0;

void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "seed %llu: %s\n", static_cast<unsigned long long>(seed), what);
    std::abort();
}

// Texts of words, marks, halves of characters and plain noise.
class Maker {
  public:
    explicit Maker(uint64_t from) : random_(from) {}

    size_t below(size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(random_); }

    std::string text() {
        static const char* const kPieces[] = {
            "a", "B", "the ", "which of ", " 12", "3.5", ",", ".", " ", "\n", "_", "-", "\xe2\x88\x92", "\xc3\xa9",
            "\xcc\x81", "\xcc\xa3", "\xcd\x84", "\xe1\x84\x80", "\xe1\x85\xa1", "\xe1\x86\xa8", "\xea\xb0\x80", "\xef\xac\x81",
            "\xc2\xbd", "\xef\xb7\xba", "\xe0\xa5\x98", "\xf0\x9d\x85\x9f", "\xf0\x9f\x99\x82", "\xc4\xb0", "\xc3\x9f",
            "\xd9\xa3", "\xe5\x85\x89", "\xe3\x81\xae", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\xff", "\xe2\x82",
            "\xf0\x9f", "\xc3"};
        std::string made;
        for (size_t left = below(below(8) ? 40 : 2000); left; --left) {
            if (below(12) == 0) {
                made += static_cast<char>(below(256));
            } else if (below(12) == 0) {
                made += std::string(below(70), "abc1"[below(4)]);
            } else {
                made += kPieces[below(std::size(kPieces))];
            }
        }
        return made;
    }

    std::vector<std::string> texts(size_t most) {
        std::vector<std::string> made(below(most + 1));
        for (std::string& one : made) one = text();
        return made;
    }

  private:
    std::mt19937_64 random_;
};

std::vector<std::string_view> views(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

void check_words(std::string_view text) {
    Words words;
    words.read(text);
    for (size_t i = 0; i < words.size(); ++i) {
        check(!words.spelling(i).empty(), "a word is empty");
        check(i == 0 || words[i].begin >= words[i - 1].begin + words[i - 1].length, "words overlap");
    }
    std::vector<uint64_t> runs;
    words.runs(3, runs);
    check(runs.size() == (words.size() < 3 ? 0 : words.size() - 2), "number of runs");
    for (size_t i = 0; i < runs.size(); ++i) check(runs[i] == words.run(i, 3), "a run's hash");
}

void check_sets(const std::vector<std::string>& texts) {
    const HashLists found = shingles(views(texts), 1 + texts.size() % 6);
    check(found.offsets.size() == texts.size() + 1, "a set a text");
    for (size_t i = 0; i < texts.size(); ++i) {
        const std::span<const uint64_t> set(found.values.data() + found.offsets[i],
                                            found.values.data() + found.offsets[i + 1]);
        check(std::adjacent_find(set.begin(), set.end(), std::greater_equal<>()) == set.end(), "a set ascends");
        check(shared(set, set) == static_cast<int64_t>(set.size()), "a set shares itself");
    }
    const size_t below = 1 + texts.size();
    const auto all = text_hashes(views(texts), SIZE_MAX), few = text_hashes(views(texts), below);
    for (size_t i = 0; i < texts.size(); ++i) {
        Words words;
        words.read(texts[i]);
        check(few[i] == (words.size() < below ? all[i] : 0), "hash of a short text");
    }
    check(band_keys(minhash(views(texts))).size() == texts.size() * kBands, "keys of every text");
}

void check_questions(Maker& make) {
    std::vector<std::string> parts = make.texts(12);
    std::vector<int64_t> first{0};
    while (first.back() < static_cast<int64_t>(parts.size())) {
        first.push_back(std::min<int64_t>(parts.size(), first.back() + 1 + make.below(4)));
    }
    const QuestionIndex index(views(parts), first);
    std::vector<std::string> texts = make.texts(4);
    for (size_t i = 0; i + 1 < first.size(); ++i) {
        std::string& planted = texts.emplace_back(make.text() + "\n");
        for (int64_t part = first[i]; part < first[i + 1]; ++part) planted += parts[part] + "\n";
    }
    for (const Match& m : index.find(views(texts))) {
        check(m.text >= 0 && m.text < static_cast<int64_t>(texts.size()), "text of a match");
        check(m.question >= 0 && m.question < index.size(), "question of a match");
        check(m.bits_held >= 0 && m.bits_held <= m.bits && m.option_bits_held <= m.option_bits, "bits of a match");
        check(m.longest_run <= m.words && m.number_bits_held <= m.number_bits, "words of a match");
    }
}

void check_arrow(Maker& make, const std::vector<std::string>& texts) {
    std::string bytes;
    std::vector<int32_t> offsets{0};
    for (const std::string& text : texts) {
        bytes += text;
        offsets.push_back(static_cast<int32_t>(bytes.size()));
    }
    std::vector<uint8_t> valid(texts.size() / 8 + 1);
    for (uint8_t& byte : valid) byte = static_cast<uint8_t>(make.below(256));
    const auto rows = static_cast<int64_t>(texts.size()), skipped = static_cast<int64_t>(make.below(texts.size() + 1));
    const void* buffers[] = {make.below(2) ? valid.data() : nullptr, offsets.data(), bytes.data()};
    const ArrowArray array{rows - skipped, -1, skipped, 3, 0, buffers, nullptr, nullptr, nullptr, nullptr};
    std::vector<std::string_view> found;
    append_views("u", array, found);
    check(static_cast<int64_t>(found.size()) == rows - skipped, "a view a row");
    for (int64_t i = skipped; i < rows; ++i) {
        const bool null = buffers[0] && !(valid[i / 8] >> i % 8 & 1);
        check(found[i - skipped] == (null ? "" : texts[i]), "view of a row");
    }
}

}  // namespace

int main(int count, char** arguments) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(count > 1 ? std::atoi(arguments[1]) : 10);
    seed = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1;
    uint64_t turns = 0;
    for (; std::chrono::steady_clock::now() < end; ++seed, ++turns) {
        Maker make(seed);
        const std::vector<std::string> texts = make.texts(6);
        for (const std::string& text : texts) check_words(text);
        check_sets(texts);
        check_arrow(make, texts);
        check_questions(make);
    }
    std::printf("%llu turns\n", static_cast<unsigned long long>(turns));
}
