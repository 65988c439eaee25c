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
    static Vec exp(Vec x) { return exp_inside(x); }
    static Vec expm1(Vec x) { return crossthink::CROSSTHINK_ISA::expm1(x); }
};

// Sums over the active tokens.
struct Totals {
    Vec loss, kl, ratio, log_ratio;
    Int clipped, active;  // a flag that holds counts -1
};

typedef uint8_t Bytes __attribute__((vector_size(kLanes)));

// The terms of kLanes tokens from place i, all of which are there. What a masked one holds is taken as 0, as its
// weight.
inline void add_terms(const LossOptions& o, const PolicyColumns& c, const float* weight, int64_t i, float* grad,
                      Totals& totals) {
    Bytes mask;
    __builtin_memcpy(&mask, c.mask + i, sizeof mask);
    const Int there = __builtin_convertvector(__builtin_convertvector(mask, Half), Int) != 0;  // GCC takes one by bytes
    const auto column = [&](const float* from) { return there ? load(from + i) : Vec{}; };
    Token<Math> token{};
    token.logp = column(c.logp);
    token.old_logp = c.old_logp ? column(c.old_logp) : token.logp;
    token.log_ratio = c.log_ratio ? column(c.log_ratio) : token.logp - token.old_logp;
    token.advantage = column(c.advantage);
    if (o.kl != Kl::kNone) token.ref_logp = column(c.ref_logp);
    if (o.correction != Correction::kNone) token.sampler_logp = column(c.sampler_logp);
    token.weight = column(weight);
    const PolicyTerm<Math> t = policy_term<Math>(o, token);
    totals.loss += t.loss;
    totals.kl += t.kl;
    totals.ratio += there ? t.ratio : Vec{};
    totals.log_ratio += t.log_ratio;
    totals.clipped += t.clipped & there;
    totals.active += there;
    store(grad + i, t.grad);
}

// The terms of the last tokens, fewer than kLanes: copies with masked ones behind them.
void add_last_terms(const LossOptions& o, const PolicyColumns& c, const float* weight, int64_t i, float* grad,
                    Totals& totals) {
    const int64_t count = c.n - i;
    float columns[7][kLanes] = {}, slopes[kLanes];
    bool mask[kLanes] = {};
    for (int64_t j = 0; j < count; ++j) mask[j] = c.mask[i + j];
    int used = 0;
    const auto copy = [&](const float* from) -> const float* {
        if (!from) return nullptr;
        float* to = columns[used++];
        for (int64_t j = 0; j < count; ++j) to[j] = from[i + j];
        return to;
    };
    PolicyColumns last{};
    last.logp = copy(c.logp);
    last.old_logp = copy(c.old_logp);
    last.log_ratio = copy(c.log_ratio);
    last.advantage = copy(c.advantage);
    last.mask = mask;
    last.ref_logp = copy(c.ref_logp);
    last.sampler_logp = copy(c.sampler_logp);
    add_terms(o, last, copy(weight), 0, slopes, totals);
    for (int64_t j = 0; j < count; ++j) grad[i + j] = slopes[j];
}

double count(Int flags) {
    double total = 0;
    for (int64_t i = 0; i < kLanes; ++i) total -= flags[i];
    return total;
}

}  // namespace

void policy_terms(const LossOptions& o, const PolicyColumns& c, const float* weight, float* grad, double* sums) {
    Totals totals{};
    int64_t i = 0;
    for (; i + kLanes <= c.n; i += kLanes) add_terms(o, c, weight, i, grad, totals);
    if (i < c.n) add_last_terms(o, c, weight, i, grad, totals);
    const double found[kPolicySums] = {sum(totals.loss),  sum(totals.kl),         count(totals.clipped),
                                       sum(totals.ratio), -sum(totals.log_ratio), count(totals.active)};
    for (int k = 0; k < kPolicySums; ++k) sums[k] = found[k];
}

}  // namespace crossthink::CROSSTHINK_ISA
