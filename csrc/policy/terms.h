#pragma once

// A token's term of a policy loss and its derivative; kernels/reference.py is the specification. Written once for a
// vector of tokens on the CPU and for a thread's one token on CUDA: `M` (Math) says what a number is.
//
//     M::Real                  float, or a vector of them
//     M::Flag                  what comparing two of them gives: bool, or a vector of 0 and -1
//     M::all(x)                a float in every place
//     M::select(flag, a, b)    a where the flag holds, else b
//     M::exp(x), M::expm1(x)   for |x| <= kLogRatioLimit

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
    float clip_low, clip_high;  // bounds of the ratio
    float dual_clip;            // 0: none
    float kl_coef;
    float sampler_cap, sampler_floor;
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

// What the columns say of a token.
template <class M>
struct Token {
    typename M::Real logp, old_logp;
    typename M::Real log_ratio;  // of the token, or of its sequence
    typename M::Real advantage, ref_logp, sampler_logp;
    typename M::Real weight;  // what its term counts in the loss
};

template <class M>
struct PolicyTerm {
    typename M::Real loss;  // the weight is in it
    typename M::Real grad;  // d loss / d logp
    typename M::Real kl, ratio, log_ratio;
    typename M::Flag clipped;
};

constexpr int kPolicySums = 6;  // loss, kl, clipped, ratio, -log_ratio, active tokens

constexpr float kLogRatioLimit = 20;  // verl's clamps: e^20 stays finite, and a KL above 10 stops pulling
constexpr float kKlLimit = 10;

// x within [low, high]; a NaN stays one.
template <class M>
CROSSTHINK_BOTH inline typename M::Real cut(typename M::Real x, float low, float high) {
    x = M::select(x > M::all(high), M::all(high), x);
    return M::select(x < M::all(low), M::all(low), x);
}

// Whether x lies outside of [-limit, limit], where `cut` has no slope; a NaN does not.
template <class M>
CROSSTHINK_BOTH inline typename M::Flag is_cut(typename M::Real x, float limit) {
    return (x > M::all(limit)) | (x < M::all(-limit));
}

// The surrogate's value, derivative and clipped flag; the derivative is 0 where the bound is what counts. A NaN fails
// no comparison and stays one.
template <class M>
CROSSTHINK_BOTH inline void surrogate(const LossOptions& o, const Token<M>& token, PolicyTerm<M>& t) {
    using Real = typename M::Real;
    const Real zero = M::all(0), a = token.advantage, minus = -a;
    t.ratio = M::exp(cut<M>(token.log_ratio, -kLogRatioLimit, kLogRatioLimit));
    const Real bounded_ratio = cut<M>(t.ratio, o.clip_low, o.clip_high);
    if (o.surrogate == Surrogate::kCispo) {
        t.clipped = bounded_ratio != t.ratio;
        t.grad = bounded_ratio * minus;
        t.loss = t.grad * token.logp;
        return;
    }
    const Real free = t.ratio * minus, bounded = bounded_ratio * minus;
    t.clipped = bounded > free;
    t.loss = M::select(t.clipped, bounded, free);
    if (o.dual_clip > 0) {
        const Real most = M::all(o.dual_clip) * minus;
        const auto dual = (a < zero) & (t.loss > most);
        t.loss = M::select(dual, most, t.loss);
        t.clipped = t.clipped | dual;
    }
    t.grad = M::select(t.clipped | is_cut<M>(token.log_ratio, kLogRatioLimit), zero, free);
}

// The KL's estimate and its derivative with respect to logp, from d = ref - logp.
template <class M>
CROSSTHINK_BOTH inline void kl_estimate(Kl kind, typename M::Real d, typename M::Real& value, typename M::Real& grad) {
    if (kind == Kl::kK1) {
        value = -d;
        grad = M::all(1);
    } else if (kind == Kl::kK2) {
        value = d * d * M::all(0.5f);
        grad = -d;
    } else {
        const auto inside = cut<M>(d, -kLogRatioLimit, kLogRatioLimit);
        const auto rise = M::expm1(inside);
        value = rise - inside;
        const auto still = (value > M::all(kKlLimit)) | is_cut<M>(d, kLogRatioLimit);
        value = M::select(value > M::all(kKlLimit), M::all(kKlLimit), value);
        grad = M::select(still, M::all(0), -rise);
    }
}

template <class M>
CROSSTHINK_BOTH inline typename M::Real correction(const LossOptions& o, typename M::Real gap) {
    const auto w = M::exp(cut<M>(gap, -kLogRatioLimit, kLogRatioLimit));
    const auto floor = M::all(o.sampler_floor), cap = M::all(o.sampler_cap);
    if (o.correction == Correction::kTruncate) return M::select(w > cap, cap, w);
    return M::select((w < floor) | (w > cap), M::all(0), w);
}

// The term of a token that is not masked.
template <class M>
CROSSTHINK_BOTH inline PolicyTerm<M> policy_term(const LossOptions& o, const Token<M>& token) {
    using Real = typename M::Real;
    PolicyTerm<M> t{};
    surrogate<M>(o, token, t);
    t.log_ratio = token.logp - token.old_logp;
    if (o.correction != Correction::kNone) {
        const Real w = correction<M>(o, token.old_logp - token.sampler_logp);
        t.loss = t.loss * w;
        t.grad = t.grad * w;
    }
    if (o.kl != Kl::kNone) {
        Real grad;
        kl_estimate<M>(o.kl, token.ref_logp - token.logp, t.kl, grad);
        t.loss = t.loss + M::all(o.kl_coef) * t.kl;
        t.grad = t.grad + M::all(o.kl_coef) * grad;
    }
    t.loss = t.loss * token.weight;
    t.grad = t.grad * token.weight;
    return t;
}

}  // namespace crossthink
