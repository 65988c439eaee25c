#pragma once

// One token's term of a policy loss and its derivative, for the CPU and for CUDA; kernels/reference.py is the
// specification. fp64: a log-ratio of 1e-4 would keep half of its digits in fp32.

#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#define CROSSTHINK_BOTH __host__ __device__
#else
#define CROSSTHINK_BOTH
#endif

namespace crossthink {

enum class Surrogate { kPpo, kCispo };  // GSPO is PPO with the sequence's log-ratio
enum class Kl { kNone, kK1, kK2, kK3 };
enum class Correction { kNone, kTruncate, kMask };

struct LossOptions {
    Surrogate surrogate;
    Kl kl;
    Correction correction;
    double clip_low, clip_high;
    double dual_clip;  // 0: none
    double kl_coef;
    double sampler_cap, sampler_floor;
};

// All [n]; null where the comment says so.
struct PolicyColumns {
    const float* logp;
    const float* old_logp;   // null: logp itself, a constant
    const float* log_ratio;  // null: logp - old_logp
    const float* advantage;
    const float* weight;        // what a token's term counts in the loss
    const bool* mask;           // a token that is masked is not looked at
    const float* ref_logp;      // null where kl is kNone
    const float* sampler_logp;  // null where correction is kNone
    int64_t n;
};

struct PolicyTerm {
    double loss;  // the weight is in it
    double grad;  // d loss / d logp
    double kl, clipped, ratio, log_ratio;
};

constexpr int kPolicySums = 5;  // loss, kl, clipped, ratio, -log_ratio

constexpr double kLogRatioLimit = 20;  // verl's clamps: e^20 stays finite, and a KL above 10 stops pulling
constexpr double kKlLimit = 10;

// x within +-limit; a NaN stays one.
CROSSTHINK_BOTH inline double cut(double x, double limit) { return x > limit ? limit : x < -limit ? -limit : x; }

// The surrogate's value, derivative and clipped flag; the derivative is 0 where the bound is what counts. A NaN fails
// no comparison and stays one.
CROSSTHINK_BOTH inline void surrogate(const LossOptions& o, double logp, double a, PolicyTerm& t) {
    t.ratio = std::exp(cut(t.log_ratio, kLogRatioLimit));
    const double low = 1 - o.clip_low, high = 1 + o.clip_high;
    const double bounded_ratio = t.ratio < low ? low : t.ratio > high ? high : t.ratio;
    if (o.surrogate == Surrogate::kCispo) {
        t.clipped = bounded_ratio != t.ratio;
        t.loss = -bounded_ratio * a * logp;
        t.grad = -bounded_ratio * a;
        return;
    }
    const double free = -t.ratio * a, bounded = -bounded_ratio * a;
    bool fixed = bounded > free;
    t.loss = fixed ? bounded : free;
    if (o.dual_clip > 0 && a < 0 && t.loss > -o.dual_clip * a) {
        t.loss = -o.dual_clip * a;
        fixed = true;
    }
    t.clipped = fixed;
    const bool moves = !fixed && !(std::fabs(t.log_ratio) > kLogRatioLimit);
    t.grad = moves ? free : 0.0;
}

// The KL's estimate and its derivative with respect to logp, from d = ref - logp.
CROSSTHINK_BOTH inline void kl_estimate(Kl kind, double d, double& value, double& grad) {
    if (kind == Kl::kK1) {
        value = -d;
        grad = 1;
    } else if (kind == Kl::kK2) {
        value = d * d / 2;
        grad = -d;
    } else {
        const double inside = cut(d, kLogRatioLimit);
        const double rise = std::expm1(inside);
        value = rise - inside;
        const bool moves = !(std::fabs(d) > kLogRatioLimit) && !(value > kKlLimit);
        value = value > kKlLimit ? kKlLimit : value;
        grad = moves ? -rise : 0.0;
    }
}

CROSSTHINK_BOTH inline double correction(const LossOptions& o, double gap) {
    const double w = std::exp(cut(gap, kLogRatioLimit));
    if (o.correction == Correction::kTruncate) return w > o.sampler_cap ? o.sampler_cap : w;
    return w < o.sampler_floor || w > o.sampler_cap ? 0.0 : w;
}

// The term of token i, which is not masked.
CROSSTHINK_BOTH inline PolicyTerm policy_term(const LossOptions& o, const PolicyColumns& c, int64_t i) {
    const double logp = c.logp[i], old = c.old_logp ? c.old_logp[i] : c.logp[i];
    PolicyTerm t{};
    t.log_ratio = c.log_ratio ? double(c.log_ratio[i]) : logp - old;
    surrogate(o, logp, c.advantage[i], t);
    t.log_ratio = logp - old;
    if (o.correction != Correction::kNone) {
        const double w = correction(o, old - c.sampler_logp[i]);
        t.loss *= w;
        t.grad *= w;
    }
    if (o.kl != Kl::kNone) {
        double grad;
        kl_estimate(o.kl, double(c.ref_logp[i]) - logp, t.kl, grad);
        t.loss += o.kl_coef * t.kl;
        t.grad += o.kl_coef * grad;
    }
    t.loss *= c.weight[i];
    t.grad *= c.weight[i];
    return t;
}

}  // namespace crossthink
