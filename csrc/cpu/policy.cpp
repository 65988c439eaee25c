#include "cpu/policy.h"

#include <algorithm>
#include <atomic>

#include "cpu/isa.h"
#include "cpu/share.h"

namespace crossthink {
namespace {

constexpr int64_t kBlock = 2048;     // tokens of a block of policy_terms
constexpr int64_t kChunk = 1 << 14;  // tokens whose sequences are looked for at a time

// The sequence that place `at` belongs to.
auto sequence_of(const std::vector<Sequence>& sequences, int64_t at) {
    return std::upper_bound(sequences.begin(), sequences.end(), at,
                            [](int64_t place, const Sequence& sequence) { return place < sequence.end; });
}

// What the terms of the tokens in [begin, end) count in the loss.
void fill_weights(const PolicyColumns& c, const std::vector<Sequence>* sequences, int64_t begin, int64_t end,
                  float* weight) {
    const auto scale = static_cast<float>(*c.scale);
    if (sequences) {
        for (auto sequence = sequence_of(*sequences, begin); begin < end; ++sequence) {
            const int64_t until = std::min(sequence->end, end);
            const float own = scale / static_cast<float>(std::max<int64_t>(sequence->active, 1));
            weight = std::fill_n(weight, until - begin, own);
            begin = until;
        }
    } else if (c.count) {
        std::transform(c.count + begin, c.count + end, weight, [scale](float count) { return scale / count; });
    } else {
        std::fill_n(weight, end - begin, scale);
    }
}

// The columns of the tokens in [begin, end).
PolicyColumns columns_at(const PolicyColumns& c, int64_t begin, int64_t end) {
    const auto from = [begin](const float* column) { return column ? column + begin : nullptr; };
    return {from(c.logp),  from(c.old_logp), from(c.log_ratio), from(c.advantage),    c.scale,
            from(c.count), c.mask + begin,   from(c.ref_logp),  from(c.sampler_logp), end - begin};
}

}  // namespace

int64_t group_advantage(const GroupAdvantage& p, int64_t threads) {
    if (p.n == 0) return 0;
    const auto work = isa().group_advantage;
    std::atomic<int64_t> first{p.n};
    share(p.n, 1, threads, [&](int64_t begin, int64_t end) {
        const int64_t fall = work(p, begin, end);
        int64_t known = first;
        while (fall < known && !first.compare_exchange_weak(known, fall)) {
        }
    });
    return first;
}

std::vector<Sequence> find_sequences(const int64_t* id, const bool* mask, int64_t n, int64_t threads) {
    if (n == 0) return {};
    const auto work = isa().sequences;
    std::vector<std::vector<Sequence>> parts((n + kChunk - 1) / kChunk);
    share(static_cast<int64_t>(parts.size()), kChunk, threads, [&](int64_t begin, int64_t end) {
        std::vector<Sequence> found(kChunk);
        for (int64_t part = begin; part < end; ++part) {
            const int64_t count = work(id, mask, n, part * kChunk, std::min((part + 1) * kChunk, n), found.data());
            parts[part].assign(found.begin(), found.begin() + count);
        }
    });
    std::vector<Sequence> all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

void sequence_means(const std::vector<Sequence>& sequences, const bool* mask, const float* x, float* mean,
                    int64_t threads) {
    if (sequences.empty()) return;
    const auto count = static_cast<int64_t>(sequences.size());
    share(count, sequences.back().end / count, threads, [&](int64_t first, int64_t last) {
        int64_t begin = first == 0 ? 0 : sequences[first - 1].end;
        for (int64_t k = first; k < last; ++k) {
            const auto [end, active] = sequences[k];
            double sum = 0;
            for (int64_t i = begin; i < end; ++i) sum += mask[i] ? x[i] : 0.0;
            std::fill(mean + begin, mean + end,
                      static_cast<float>(sum / static_cast<double>(std::max<int64_t>(active, 1))));
            begin = end;
        }
    });
}

void policy_terms(const LossOptions& options, const PolicyColumns& columns, const std::vector<Sequence>* sequences,
                  float* grad, double* sums, int64_t threads) {
    std::fill(sums, sums + kPolicySums, 0.0);
    if (columns.n == 0) return;
    const auto work = isa().policy_terms;
    std::vector<double> parts((columns.n + kBlock - 1) / kBlock * kPolicySums);
    share(static_cast<int64_t>(parts.size()) / kPolicySums, kBlock, threads, [&](int64_t first, int64_t last) {
        float weight[kBlock];
        for (int64_t block = first; block < last; ++block) {
            const int64_t begin = block * kBlock, end = std::min(begin + kBlock, columns.n);
            fill_weights(columns, sequences, begin, end, weight);
            work(options, columns_at(columns, begin, end), weight, grad + begin, parts.data() + block * kPolicySums);
        }
    });
    for (size_t i = 0; i < parts.size(); ++i) sums[i % kPolicySums] += parts[i];
}

}  // namespace crossthink
