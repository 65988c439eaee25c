#include "cpu/policy.h"

#include <algorithm>
#include <cmath>

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

}  // namespace

void group_advantage(const GroupAdvantage& p) {
    for (int64_t begin = 0, end; begin < p.n; begin = end) {
        end = run_end(p.group, begin, p.n);
        one_group(p, begin, end);
    }
}

void sequence_means(const SequenceMeans& p) {
    for (int64_t begin = 0, end; begin < p.n; begin = end) {
        end = run_end(p.sequence, begin, p.n);
        const auto count = static_cast<double>(std::count(p.mask + begin, p.mask + end, true));
        std::fill(p.count + begin, p.count + end, static_cast<float>(count));
        if (!p.x) continue;
        double sum = 0;
        for (int64_t i = begin; i < end; ++i) sum += p.mask[i] ? p.x[i] : 0.0;
        std::fill(p.mean + begin, p.mean + end, static_cast<float>(sum / std::max(count, 1.0)));
    }
}

void policy_terms(const LossOptions<double>& options, const PolicyColumns& columns, float* grad, double* sums) {
    std::fill(sums, sums + kPolicySums, 0.0);
    for (int64_t i = 0; i < columns.n; ++i) {
        grad[i] = 0;
        if (!columns.mask[i]) continue;
        const auto t = policy_term(options, columns, i);
        grad[i] = static_cast<float>(t.grad);
        const double terms[kPolicySums] = {t.loss, t.kl, t.clipped, t.ratio, -t.log_ratio, 1};
        for (int k = 0; k < kPolicySums; ++k) sums[k] += terms[k];
    }
}

}  // namespace crossthink
