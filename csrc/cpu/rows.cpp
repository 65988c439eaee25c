// Compiled once for each instruction set (cpu/vector.h).

#include "cpu/rows.h"

#include "cpu/vector.h"

namespace crossthink::CROSSTHINK_ISA {
namespace {

constexpr int64_t kUnroll = 4;  // independent sums, to hide the latency of an addition
constexpr int64_t kStep = kLanes * kUnroll;
constexpr int64_t kBlock = 4096;  // elements summed in fp32 before the sum goes on in fp64
constexpr float kInfinity = __builtin_huge_valf();

static_assert(kBlock % kStep == 0);

float largest(const float* x, int64_t n) {
    Vec best[kUnroll];
    for (Vec& b : best) b = all(-kInfinity);
    int64_t j = 0;
    for (; j + kStep <= n; j += kStep) {
        for (int64_t k = 0; k < kUnroll; ++k) {
            const Vec v = load(x + j + k * kLanes);
            best[k] = v > best[k] ? v : best[k];
        }
    }
    float result = -kInfinity;
    for (const Vec& b : best) {
        for (int64_t i = 0; i < kLanes; ++i) result = b[i] > result ? b[i] : result;
    }
    for (; j < n; ++j) result = x[j] > result ? x[j] : result;
    return result;
}

struct Sums {
    double exps;     // sum of e^u
    double product;  // sum of u e^u
};

// Sums over at most kBlock logits with u = (x - top) * scale. What is short of a whole step is filled with -inf, which
// adds 0; u itself is cut at kLowest so that 0 * -inf cannot make a NaN.
Sums block_sums(const float* x, int64_t n, float top, float scale) {
    Vec exps[kUnroll] = {}, product[kUnroll] = {};
    float rest[kStep];
    for (int64_t j = 0; j < n; j += kStep) {
        const float* from = x + j;
        if (j + kStep > n) {
            for (int64_t i = 0; i < kStep; ++i) rest[i] = j + i < n ? x[j + i] : -kInfinity;
            from = rest;
        }
        for (int64_t k = 0; k < kUnroll; ++k) {
            const Vec u = (load(from + k * kLanes) - all(top)) * all(scale);
            const Vec e = exp(u);
            exps[k] += e;
            product[k] += e * (u < all(kLowest) ? all(kLowest) : u);
        }
    }
    return {sum((exps[0] + exps[1]) + (exps[2] + exps[3])), sum((product[0] + product[1]) + (product[2] + product[3]))};
}

// p (-g - h (log p + H)) for one vector of logits: the gradient of z, without the token's own +g.
inline Vec gradient(Vec x, float top, float log_sum, float scale, float grad_logp, float grad_entropy, float entropy) {
    Vec log_p = (x - all(top)) * all(scale) - all(log_sum);
    const Vec p = exp(log_p);
    log_p = log_p < all(kLowest) ? all(kLowest) : log_p;
    return p * (all(-grad_logp) - all(grad_entropy) * (log_p + all(entropy)));
}

// `to` may lie over the row of logits `x`, as far as it is read before it is written: its elements are no wider.
template <class Element>
void row_gradient(const LogprobBackward& p, int64_t row, const float* x, Element* to) {
    const float scale = p.inverse_temperature;
    const float top = p.stats[2 * row], log_sum = p.stats[2 * row + 1];
    const float g = p.grad_logp[row], h = p.grad_entropy[row], entropy = p.entropy[row];
    // + g before the scale: where p is 1 the two are 0
    const Vec own = (gradient(all(x[p.token[row]]), top, log_sum, scale, g, h, entropy) + all(g)) * all(scale);
    int64_t j = 0;
    for (; j + kLanes <= p.vocab; j += kLanes) {
        store(to + j, gradient(load(x + j), top, log_sum, scale, g, h, entropy) * all(scale));
    }
    if (j < p.vocab) {
        float rest[kLanes];
        Element last[kLanes];
        for (int64_t i = 0; i < kLanes; ++i) rest[i] = j + i < p.vocab ? x[j + i] : -kInfinity;
        store(last, gradient(load(rest), top, log_sum, scale, g, h, entropy) * all(scale));
        for (int64_t i = 0; j + i < p.vocab; ++i) to[j + i] = last[i];
    }
    Element of_token[kLanes];
    store(of_token, own);
    to[p.token[row]] = of_token[0];
}

}  // namespace

void forward(const LogprobForward& p, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
        const float* x = p.logits + row * p.vocab;
        const float top = largest(x, p.vocab);
        Sums sums{0, 0};
        for (int64_t j = 0; j < p.vocab; j += kBlock) {
            const int64_t n = p.vocab - j < kBlock ? p.vocab - j : kBlock;
            const Sums block = block_sums(x + j, n, top, p.inverse_temperature);
            sums.exps += block.exps;
            sums.product += block.product;
        }
        // sums.exps >= 1, as the largest logit's own term is 1: neither log-prob above 0 nor a negative log of the sum
        const double log_sum = __builtin_log(sums.exps);
        p.logp[row] = static_cast<float>((double(x[p.token[row]]) - top) * p.inverse_temperature - log_sum);
        p.entropy[row] = static_cast<float>(log_sum - sums.product / sums.exps);
        p.stats[2 * row] = top;
        p.stats[2 * row + 1] = static_cast<float>(log_sum);
    }
}

void backward(const LogprobBackward& p, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
        float* x = p.logits + row * p.vocab;
        if (p.narrow) {
            row_gradient(p, row, x, reinterpret_cast<uint16_t*>(x));
        } else {
            row_gradient(p, row, x, x);
        }
    }
}

}  // namespace crossthink::CROSSTHINK_ISA
