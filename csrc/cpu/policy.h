#pragma once

#include <cstdint>

namespace crossthink {

struct GroupAdvantage {
    const float* reward;   // [n]
    const int64_t* group;  // [n], equal ids side by side
    float* advantage;      // [n]
    int64_t n;
    bool divide_by_std;  // "grpo"; without it "dr_grpo"
    double eps;
};

// (r - mean) / (unbiased std + eps) within each group; a group of one or without spread gets zeros.
void group_advantage(const GroupAdvantage& p);

enum class Normaliser { kSequenceMean, kTokenMean, kLength };  // "grpo", "dapo", "dr_grpo"

struct PolicyLoss {
    const float* logp;  // [n], like all that follow
    const float* old_logp;
    const float* advantage;
    const bool* mask;
    const int64_t* sequence;    // equal ids side by side
    const float* ref_logp;      // null: no KL
    const float* sampler_logp;  // null: no correction
    int64_t n;
    Normaliser normaliser;
    double sequences;  // in the whole batch; negative: those with an active token here
    double tokens;     // active ones in the whole batch; negative: those here
    double max_completion_length;
    double clip_low;
    double clip_high;
    double kl_coef;
    double sampler_cap;
};

struct PolicyLossResult {
    float* loss;     // [1]
    float* grad;     // [n], d loss / d logp
    float* metrics;  // [4], means over the active tokens: kl, clip_fraction, ratio_mean, approx_kl
};

// The loss and its gradient in one pass; kernels/reference.py spells out the formulas. Sums are fp64 in token order.
void policy_loss(const PolicyLoss& p, const PolicyLossResult& result);

}  // namespace crossthink
