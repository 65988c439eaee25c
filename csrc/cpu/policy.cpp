#include "cpu/policy.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/isa.h"
#include "cpu/share.h"

namespace crossthink {
namespace {

// First place behind `begin` whose id is another.
int64_t run_end(const int64_t* id, int64_t begin, int64_t n) {
    int64_t end = begin + 1;
    while (end < n && id[end] == id[begin]) ++end;
    return end;
}

void one_group(const GroupAdvantage& p, int64_t begin, int64_t end) {
    const float* r = p.reward;
    const bool flat = std::all_of(r + begin, r + end, [&](float x) { return x == r[begin]; });
    if (flat) {
        std::fill(p.advantage + begin, p.advantage + end, 0.0f);
        return;
    }
    const double n = static_cast<double>(end - begin);
    double mean = 0;
    for (int64_t i = begin; i < end; ++i) mean += r[i] / n;
    double squares = 0;
    for (int64_t i = begin; i < end; ++i) squares += (r[i] - mean) * (r[i] - mean);
    const double divisor = p.divide_by_std ? std::sqrt(squares / (n - 1)) + p.eps : 1.0;
    for (int64_t i = begin; i < end; ++i) p.advantage[i] = static_cast<float>((r[i] - mean) / divisor);
}

void one_sequence(const SequenceMeans& p, int64_t begin, int64_t end) {
    const auto count = static_cast<double>(std::count(p.mask + begin, p.mask + end, true));
    std::fill(p.count + begin, p.count + end, static_cast<float>(count));
    if (!p.x) return;
    double sum = 0;
    for (int64_t i = begin; i < end; ++i) sum += p.mask[i] ? p.x[i] : 0.0;
    std::fill(p.mean + begin, p.mean + end, static_cast<float>(sum / std::max(count, 1.0)));
}

// Calls work(begin, end) for every run of equal ids; a thread has those that begin in its share.
template <class Work>
void each_run(const int64_t* id, int64_t n, int64_t threads, const Work& work) {
    if (n == 0) return;
    share(n, 1, threads, [&](int64_t begin, int64_t end) {
        while (begin > 0 && begin < end && id[begin] == id[begin - 1]) ++begin;
        for (int64_t next; begin < end; begin = next) {
            next = run_end(id, begin, n);
            work(begin, next);
        }
    });
}

}  // namespace

void group_advantage(const GroupAdvantage& p, int64_t threads) {
    each_run(p.group, p.n, threads, [&](int64_t begin, int64_t end) { one_group(p, begin, end); });
}

void sequence_means(const SequenceMeans& p, int64_t threads) {
    each_run(p.sequence, p.n, threads, [&](int64_t begin, int64_t end) { one_sequence(p, begin, end); });
}

void policy_terms(const LossOptions& options, const PolicyColumns& columns, float* grad, double* sums,
                  int64_t threads) {
    constexpr int64_t kBlock = 4096;
    std::fill(sums, sums + kPolicySums, 0.0);
    if (columns.n == 0) return;
    const auto work = isa().policy_terms;
    std::vector<double> parts((columns.n + kBlock - 1) / kBlock * kPolicySums);
    share(static_cast<int64_t>(parts.size()) / kPolicySums, kBlock, threads, [&](int64_t begin, int64_t end) {
        for (int64_t block = begin; block < end; ++block) {
            work(options, columns, block * kBlock, std::min((block + 1) * kBlock, columns.n), grad,
                 parts.data() + block * kPolicySums);
        }
    });
    for (size_t i = 0; i < parts.size(); ++i) sums[i % kPolicySums] += parts[i];
}

}  // namespace crossthink
