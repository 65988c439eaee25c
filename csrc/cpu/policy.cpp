#include "cpu/policy.h"

#include <algorithm>
#include <cmath>

namespace crossthink {
namespace {

constexpr double kLogRatioLimit = 20;  // verl's clamps: e^20 stays finite, and a KL above 10 stops pulling
constexpr double kKlLimit = 10;

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

struct Term {
    double value;
    double grad;  // with respect to logp
};

// Clipped surrogate -min(ratio A, clip(ratio) A), times the sampler's weight. The gradient is 0 where the clipped one
// is the smaller, and where the log-ratio itself was cut; a NaN fails no comparison and stays one.
Term surrogate(const PolicyLoss& p, int64_t i, double log_ratio, double ratio, bool& clipped) {
    const double a = p.advantage[i];
    const double free = -ratio * a;
    const double bounded = -std::clamp(ratio, 1 - p.clip_low, 1 + p.clip_high) * a;
    clipped = bounded > free;
    double weight = 1;
    if (p.sampler_logp) {
        const double gap = double(p.old_logp[i]) - p.sampler_logp[i];
        weight = std::min(std::exp(std::clamp(gap, -kLogRatioLimit, kLogRatioLimit)), p.sampler_cap);
    }
    const bool moves = !clipped && !(std::abs(log_ratio) > kLogRatioLimit);
    return {weight * std::max(free, bounded), moves ? weight * free : 0.0};
}

// k3 estimate e^d - d - 1 with d = ref - logp.
Term kl_k3(double d) {
    const double cut = std::clamp(d, -kLogRatioLimit, kLogRatioLimit);
    const double value = std::expm1(cut) - cut;
    const bool moves = !(std::abs(d) > kLogRatioLimit) && !(value > kKlLimit);
    return {std::min(value, kKlLimit), moves ? -std::expm1(cut) : 0.0};
}

struct Counts {
    double sequences = 0;
    double tokens = 0;
};

int64_t active(const bool* mask, int64_t begin, int64_t end) { return std::count(mask + begin, mask + end, true); }

Counts counts(const PolicyLoss& p) {
    Counts here;
    for (int64_t begin = 0, end; begin < p.n; begin = end) {
        end = run_end(p.sequence, begin, p.n);
        const int64_t tokens = active(p.mask, begin, end);
        here.sequences += tokens > 0;
        here.tokens += static_cast<double>(tokens);
    }
    return here;
}

}  // namespace

void group_advantage(const GroupAdvantage& p) {
    for (int64_t begin = 0, end; begin < p.n; begin = end) {
        end = run_end(p.group, begin, p.n);
        one_group(p, begin, end);
    }
}

void policy_loss(const PolicyLoss& p, const PolicyLossResult& result) {
    const Counts here = counts(p);
    const double sequences = std::max(p.sequences < 0 ? here.sequences : p.sequences, 1.0);
    const double tokens = std::max(p.tokens < 0 ? here.tokens : p.tokens, 1.0);
    double loss = 0, kl_sum = 0, clip_sum = 0, ratio_sum = 0, k1_sum = 0;
    for (int64_t begin = 0, end; begin < p.n; begin = end) {
        end = run_end(p.sequence, begin, p.n);
        double weight = 1 / tokens;
        if (p.normaliser == Normaliser::kSequenceMean) {
            weight = 1 / (sequences * static_cast<double>(std::max<int64_t>(active(p.mask, begin, end), 1)));
        } else if (p.normaliser == Normaliser::kLength) {
            weight = 1 / (sequences * p.max_completion_length);
        }
        for (int64_t i = begin; i < end; ++i) {
            result.grad[i] = 0;
            if (!p.mask[i]) continue;
            const double log_ratio = double(p.logp[i]) - p.old_logp[i];
            const double ratio = std::exp(std::clamp(log_ratio, -kLogRatioLimit, kLogRatioLimit));
            bool clipped = false;
            Term term = surrogate(p, i, log_ratio, ratio, clipped);
            if (p.ref_logp) {
                const Term kl = kl_k3(double(p.ref_logp[i]) - p.logp[i]);
                term.value += p.kl_coef * kl.value;
                term.grad += p.kl_coef * kl.grad;
                kl_sum += kl.value;
            }
            loss += weight * term.value;
            result.grad[i] = static_cast<float>(weight * term.grad);
            clip_sum += clipped;
            ratio_sum += ratio;
            k1_sum -= log_ratio;
        }
    }
    *result.loss = static_cast<float>(loss);
    const double sums[4] = {kl_sum, clip_sum, ratio_sum, k1_sum};
    for (int i = 0; i < 4; ++i) result.metrics[i] = static_cast<float>(sums[i] / std::max(here.tokens, 1.0));
}

}  // namespace crossthink
