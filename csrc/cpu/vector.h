#pragma once

// Vectors of fp32 for files that are compiled once for each instruction set, with CROSSTHINK_ISA as its name. It has no
// external inline functions: the linker keeps one copy of those, and it might be the one that the machine cannot run.

#include <cstdint>

namespace crossthink::CROSSTHINK_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int64_t kLanes = 16;
#elif defined(__AVX2__)
constexpr int64_t kLanes = 8;
#else
constexpr int64_t kLanes = 4;
#endif
constexpr float kLowest = -87.0f;  // exp below it is 0: the last whole exponent before denormals

typedef float Vec __attribute__((vector_size(kLanes * sizeof(float))));
typedef int32_t Int __attribute__((vector_size(kLanes * sizeof(int32_t))));
typedef uint16_t Half __attribute__((vector_size(kLanes * sizeof(uint16_t))));

[[maybe_unused]] inline Vec all(float x) { return x - Vec{}; }

[[maybe_unused]] inline Vec load(const float* from) {
    Vec x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}

[[maybe_unused]] inline void store(float* to, Vec x) { __builtin_memcpy(to, &x, sizeof x); }

// bf16, rounded to nearest even; NaN stays NaN.
[[maybe_unused]] inline void store(uint16_t* to, Vec x) {
    const Int bits = (Int)x;
    const Int rounded = bits + 0x7FFF + ((bits >> 16) & 1);
    const Half half = __builtin_convertvector((x == x ? rounded : bits | 0x400000) >> 16, Half);
    __builtin_memcpy(to, &half, sizeof half);
}

// e^r - 1 for |r| <= ln 2 / 2: polynomial of Cephes' expf (S. Moshier).
[[maybe_unused]] inline Vec exp_less_one(Vec r) {
    Vec y = all(1.9875691500e-4f);
    y = y * r + all(1.3981999507e-3f);
    y = y * r + all(8.3334519073e-3f);
    y = y * r + all(4.1665795894e-2f);
    y = y * r + all(1.6666665459e-1f);
    y = y * r + all(5.0000001201e-1f);
    return y * (r * r) + r;
}

// x = n ln 2 + r with |r| <= ln 2 / 2, for |x| <= 88: r, and 2^n.
struct Powers {
    Vec rest, power;
};

[[maybe_unused]] inline Powers split(Vec x) {
    const Vec magic = all(12582912.0f);  // 1.5 * 2^23: adding it rounds to a whole number, held in the low bits
    const Vec shifted = x * all(1.44269504088896341f) + magic;
    const Vec n = shifted - magic;
    const Vec r = (x - n * all(0.693359375f)) - n * all(-2.12194440e-4f);
    return {r, (Vec)(((Int)shifted - (0x4B400000 - 127)) << 23)};
}

// exp(x) for kLowest <= x <= 88 with a relative error below 2e-7; NaN stays NaN. Exactly 1 at 0.
[[maybe_unused]] inline Vec exp_inside(Vec x) {
    const Powers parts = split(x);
    return (exp_less_one(parts.rest) + all(1.0f)) * parts.power;
}

// The same, and 0 below kLowest.
[[maybe_unused]] inline Vec exp(Vec x) {
    const Int vanishes = x < all(kLowest);
    return (Vec)(~vanishes & (Int)exp_inside(vanishes ? all(kLowest) : x));
}

// exp(x) - 1 for |x| <= 88, exact at 0: 2^n (e^r - 1) + (2^n - 1), where n is 0 for |x| <= ln 2 / 2.
[[maybe_unused]] inline Vec expm1(Vec x) {
    const Powers parts = split(x);
    return exp_less_one(parts.rest) * parts.power + (parts.power - all(1.0f));
}

[[maybe_unused]] inline double sum(Vec x) {
    double total = 0;
    for (int64_t i = 0; i < kLanes; ++i) total += x[i];
    return total;
}

}  // namespace
}  // namespace crossthink::CROSSTHINK_ISA
