#include "text/minhash.h"

#include <algorithm>
#include <array>
#include <string>

#include "cpu/isa.h"
#include "text/words.h"

namespace crossthink::text {
namespace {

struct Functions {
    std::array<uint32_t, kFunctions> factor, offset;
};

// A counter through mix(): random enough, and the same for ever. The seed is part of the result.
const Functions kHashes = [] {
    Functions made;
    uint64_t counter = 20250418;
    for (size_t i = 0; i < kFunctions; ++i) {
        made.factor[i] = static_cast<uint32_t>(mix(++counter)) | 1;
        made.offset[i] = static_cast<uint32_t>(mix(++counter));
    }
    return made;
}();

using Kernel = void (*)(const MinHash&);

Kernel kernel() {
#ifdef CROSSTHINK_X86
    const std::string name = isa().name;
    if (name == "avx512") return avx512::minhash;
    if (name == "avx2") return avx2::minhash;
#endif
    return plain::minhash;
}

}  // namespace

std::vector<uint32_t> minhash(std::span<const std::string_view> texts) {
    std::vector<uint32_t> signatures(texts.size() * kFunctions);
    const Kernel work = kernel();
    Words words;
    std::vector<uint64_t> hashes;
    std::vector<uint32_t> values;
    for (size_t i = 0; i < texts.size(); ++i) {
        words.read(texts[i]);
        words.runs(std::clamp<size_t>(words.size(), 1, kShingle), hashes);
        values.resize(hashes.size());
        std::transform(hashes.begin(), hashes.end(), values.begin(), [](uint64_t h) { return h >> 32; });
        work({values.data(), values.size(), kHashes.factor.data(), kHashes.offset.data(),
              signatures.data() + i * kFunctions});
    }
    return signatures;
}

std::vector<uint64_t> band_keys(std::span<const uint32_t> signatures) {
    std::vector<uint64_t> keys(signatures.size() / kRows);
    for (size_t i = 0; i < keys.size(); ++i) {
        uint64_t key = i % kBands;
        for (uint32_t value : signatures.subspan(i * kRows, kRows)) key = mix(key ^ value);
        keys[i] = key;
    }
    return keys;
}

}  // namespace crossthink::text
