#include "text/sets.h"

#include <algorithm>

#include "text/words.h"

namespace crossthink::text {

constexpr size_t kHead = 64;  // bytes

HashLists shingles(std::span<const std::string_view> texts, size_t size) {
    HashLists found;
    Words words;
    std::vector<uint64_t> hashes;
    for (std::string_view text : texts) {
        words.read(text);
        words.runs(std::clamp<size_t>(words.size(), 1, size), hashes);
        std::sort(hashes.begin(), hashes.end());
        found.values.insert(found.values.end(), hashes.begin(), std::unique(hashes.begin(), hashes.end()));
        found.close();
    }
    return found;
}

std::vector<uint64_t> text_hashes(std::span<const std::string_view> texts, size_t below) {
    std::vector<uint64_t> found;
    Words words;
    for (std::string_view text : texts) {
        // Where few words are wanted the beginning tells most texts off: what stands before a blank has words of its
        // own.
        const size_t blank = below < kHead ? text.find(' ', kHead) : text.npos;
        words.read(text.substr(0, blank));
        if (blank != text.npos && words.size() < below) words.read(text);
        found.push_back(words.size() && words.size() < below ? words.run(0, words.size()) : 0);
    }
    return found;
}

int64_t shared(std::span<const uint64_t> first, std::span<const uint64_t> second) {
    int64_t count = 0;
    for (size_t i = 0, j = 0; i < first.size() && j < second.size();) {
        const uint64_t a = first[i], b = second[j];
        count += a == b;
        i += a <= b;
        j += b <= a;
    }
    return count;
}

}  // namespace crossthink::text
