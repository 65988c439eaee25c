#pragma once

// One token's term of a policy loss and its derivative, for the CPU (Real = double) and for CUDA (Real = float);
// kernels/reference.py is the specification.

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

template <class Real>
struct LossOptions {
    Surrogate surrogate;
    Kl kl;
    Correction correction;
    Real clip_low, clip_high;  // bounds of the ratio
    Real dual_clip;            // 0: none
    Real kl_coef;
    Real sampler_cap, sampler_floor;
};

// All [n]; null where the comment says so.
struct PolicyColumns {
    const float* logp;
    const float* old_logp;   // null: logp itself, a constant
    const float* log_ratio;  // null: logp - old_logp
    const float* advantage;
    const double* scale;        // [1], what a token's term counts in the loss
    const float* count;         // null: 1; the scale is divided by it
    const bool* mask;           // a token that is masked is not looked at
    const float* ref_logp;      // null where kl is kNone
    const float* sampler_logp;  // null where correction is kNone
    int64_t n;
};

template <class Real>
struct PolicyTerm {
    Real loss;  // the weight is in it
    Real grad;  // d loss / d logp
    Real kl, clipped, ratio, log_ratio;
};

constexpr int kPolicySums = 6;  // loss, kl, clipped, ratio, -log_ratio, active tokens

constexpr double kLogRatioLimit = 20;  // verl's clamps: e^20 stays finite, and a KL above 10 stops pulling
constexpr double kKlLimit = 10;

// x within +-limit; a NaN stays one.
template <class Real>
CROSSTHINK_BOTH inline Real cut(Real x, Real limit) {
    return x > limit ? limit : x < -limit ? -limit : x;
}

// The surrogate's value, derivative and clipped flag; the derivative is 0 where the bound is what counts. A NaN fails
// no comparison and stays one.
template <class Real>
CROSSTHINK_BOTH inline void surrogate(const LossOptions<Real>& o, Real logp, Real a, PolicyTerm<Real>& t) {
    t.ratio = std::exp(cut(t.log_ratio, Real(kLogRatioLimit)));
    const Real low = o.clip_low, high = o.clip_high, dual = o.dual_clip;
    const Real bounded_ratio = t.ratio < low ? low : t.ratio > high ? high : t.ratio;
    if (o.surrogate == Surrogate::kCispo) {
        t.clipped = bounded_ratio != t.ratio;
        t.loss = -bounded_ratio * a * logp;
        t.grad = -bounded_ratio * a;
        return;
    }
    const Real free = -t.ratio * a, bounded = -bounded_ratio * a;
    bool fixed = bounded > free;
    t.loss = fixed ? bounded : free;
    if (dual > 0 && a < 0 && t.loss > -dual * a) {
        t.loss = -dual * a;
        fixed = true;
    }
    t.clipped = fixed;
    const bool moves = !fixed && !(std::fabs(t.log_ratio) > Real(kLogRatioLimit));
    t.grad = moves ? free : Real(0);
}

// The KL's estimate and its derivative with respect to logp, from d = ref - logp.
template <class Real>
CROSSTHINK_BOTH inline void kl_estimate(Kl kind, Real d, Real& value, Real& grad) {
    if (kind == Kl::kK1) {
        value = -d;
        grad = 1;
    } else if (kind == Kl::kK2) {
        value = d * d / 2;
        grad = -d;
    } else {
        const Real inside = cut(d, Real(kLogRatioLimit));
        const Real rise = std::expm1(inside);
        value = rise - inside;
        const bool moves = !(std::fabs(d) > Real(kLogRatioLimit)) && !(value > Real(kKlLimit));
        value = value > Real(kKlLimit) ? Real(kKlLimit) : value;
        grad = moves ? -rise : Real(0);
    }
}

template <class Real>
CROSSTHINK_BOTH inline Real correction(const LossOptions<Real>& o, Real gap) {
    const Real w = std::exp(cut(gap, Real(kLogRatioLimit)));
    const Real floor = o.sampler_floor, cap = o.sampler_cap;
    if (o.correction == Correction::kTruncate) return w > cap ? cap : w;
    return w < floor || w > cap ? Real(0) : w;
}

// The term of token i, which is not masked.
template <class Real>
CROSSTHINK_BOTH inline PolicyTerm<Real> policy_term(const LossOptions<Real>& o, const PolicyColumns& c, int64_t i) {
    const Real logp = c.logp[i], old = c.old_logp ? c.old_logp[i] : c.logp[i];
    PolicyTerm<Real> t{};
    t.log_ratio = c.log_ratio ? Real(c.log_ratio[i]) : logp - old;
    surrogate(o, logp, Real(c.advantage[i]), t);
    t.log_ratio = logp - old;
    if (o.correction != Correction::kNone) {
        const Real w = correction(o, old - Real(c.sampler_logp[i]));
        t.loss *= w;
        t.grad *= w;
    }
    if (o.kl != Kl::kNone) {
        Real grad;
        kl_estimate(o.kl, Real(c.ref_logp[i]) - logp, t.kl, grad);
        t.loss += o.kl_coef * t.kl;
        t.grad += o.kl_coef * grad;
    }
    const Real weight = c.count ? Real(*c.scale) / Real(c.count[i]) : Real(*c.scale);
    t.loss *= weight;
    t.grad *= weight;
    return t;
}

}  // namespace crossthink
