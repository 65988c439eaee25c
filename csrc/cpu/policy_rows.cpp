// Compiled once for each instruction set (cpu/vector.h): the terms of a vector of tokens at a time.

#include "cpu/rows.h"
#include "cpu/vector.h"

namespace crossthink::CROSSTHINK_ISA {
namespace {

struct Math {
    using Real = Vec;
    using Flag = Int;
    static Vec all(float x) { return crossthink::CROSSTHINK_ISA::all(x); }
    static Vec select(Int flag, Vec a, Vec b) { return flag ? a : b; }
    static Vec exp(Vec x) { return crossthink::CROSSTHINK_ISA::exp(x); }
    static Vec expm1(Vec x) {
        constexpr float kSmall = 0.34657f;  // ln 2 / 2
        const Int small = (x <= all(kSmall)) & (x >= all(-kSmall));
        return small ? exp_less_one(small ? x : Vec{}) : exp(x) - all(1);
    }
};

// Up to kLanes values from `from`; a missing column's, and what a masked token holds, are `other`.
Vec column(const float* from, int64_t i, int64_t count, Int there, float other) {
    if (!from) return all(other);
    if (count == kLanes) return there ? load(from + i) : all(other);
    float values[kLanes] = {};
    for (int64_t j = 0; j < count; ++j) values[j] = from[i + j];
    return there ? load(values) : all(other);
}

Int active(const bool* mask, int64_t i, int64_t count) {
    Int there{};
    for (int64_t j = 0; j < kLanes; ++j) there[j] = j < count && mask[i + j] ? -1 : 0;
    return there;
}

}  // namespace

void policy_terms(const LossOptions& o, const PolicyColumns& c, int64_t begin, int64_t end, float* grad, double* sums) {
    Vec totals[kPolicySums] = {};
    const float scale = static_cast<float>(*c.scale);
    for (int64_t i = begin; i < end; i += kLanes) {
        const int64_t count = end - i < kLanes ? end - i : kLanes;
        const Int there = active(c.mask, i, count);
        Token<Math> token;
        token.logp = column(c.logp, i, count, there, 0);
        token.old_logp = c.old_logp ? column(c.old_logp, i, count, there, 0) : token.logp;
        token.log_ratio = c.log_ratio ? column(c.log_ratio, i, count, there, 0) : token.logp - token.old_logp;
        token.advantage = column(c.advantage, i, count, there, 0);
        token.ref_logp = column(c.ref_logp, i, count, there, 0);
        token.sampler_logp = column(c.sampler_logp, i, count, there, 0);
        token.weight = all(scale) / column(c.count, i, count, there, 1);
        const PolicyTerm<Math> t = policy_term<Math>(o, token);
        const Vec terms[kPolicySums] = {t.loss, t.kl, t.clipped, t.ratio, -t.log_ratio, all(1)};
        for (int k = 0; k < kPolicySums; ++k) totals[k] += there ? terms[k] : Vec{};
        const Vec slope = there ? t.grad : Vec{};
        if (count == kLanes) {
            store(grad + i, slope);
        } else {
            for (int64_t j = 0; j < count; ++j) grad[i + j] = slope[j];
        }
    }
    for (int k = 0; k < kPolicySums; ++k) sums[k] = sum(totals[k]);
}

}  // namespace crossthink::CROSSTHINK_ISA
