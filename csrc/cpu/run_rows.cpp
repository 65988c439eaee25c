// Compiled once for each instruction set (cpu/vector.h): sums over runs of equal ids, in fp64.

#include "cpu/rows.h"
#include "cpu/vector.h"

namespace crossthink::CROSSTHINK_ISA {
namespace {

constexpr int64_t kWide = kLanes / 2;
typedef double Wide __attribute__((vector_size(kWide * sizeof(double))));
typedef int64_t Long __attribute__((vector_size(kWide * sizeof(int64_t))));
typedef float Narrow __attribute__((vector_size(kWide * sizeof(float))));

// Whether places 0, 1, ... are below `count`.
inline Long below(int64_t count) {
    Long place;
    for (int64_t k = 0; k < kWide; ++k) place[k] = k;
    return place < count;
}

// Where the run that has a member at `from` ends: the next few places one by one, as most groups are small, then
// several at a time.
int64_t run_end(const int64_t* id, int64_t from, int64_t n) {
    constexpr int64_t kFew = 16;
    const int64_t own = id[from], near = n - from < kFew ? n : from + kFew;
    int64_t end = from + 1;
    while (end < near && id[end] == own) ++end;
    if (end < near) return end;
    constexpr int64_t kVectors = 4;
    for (; end + kVectors * kWide <= n; end += kVectors * kWide) {
        Long other{};
        for (int64_t v = 0; v < kVectors; ++v) {
            Long some;
            __builtin_memcpy(&some, id + end + v * kWide, sizeof some);
            other |= some ^ own;
        }
        int64_t any = 0;
        for (int64_t k = 0; k < kWide; ++k) any |= other[k];
        if (any) break;
    }
    while (end < n && id[end] == own) ++end;
    return end;
}

// The first place in [begin, end) where a run begins, or a place behind it.
int64_t first_run(const int64_t* id, int64_t begin, int64_t n) { return begin == 0 ? 0 : run_end(id, begin - 1, n); }

double total(Wide x) {
    double parts[kWide];
    __builtin_memcpy(parts, &x, sizeof x);
    for (int64_t half = kWide / 2; half > 0; half /= 2) {
        for (int64_t k = 0; k < half; ++k) parts[k] += parts[k + half];
    }
    return parts[0];
}

int64_t count_active(const bool* mask, int64_t begin, int64_t end) {
    constexpr int64_t kStep = 128;  // whose count fits a byte
    int64_t active = 0;
    for (; begin + kStep <= end; begin += kStep) {
        uint8_t part = 0;
        for (int64_t k = 0; k < kStep; ++k) part = static_cast<uint8_t>(part + mask[begin + k]);
        active += part;
    }
    for (; begin < end; ++begin) active += mask[begin];
    return active;
}

// The last values of an array, and 0 behind them.
Narrow last_of(const float* from, int64_t count) {
    float values[kWide] = {};
    for (int64_t k = 0; k < count; ++k) values[k] = from[k];
    Narrow x;
    __builtin_memcpy(&x, values, sizeof x);
    return x;
}

Narrow load_narrow(const float* from) {
    Narrow x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}

// reward - own; 0 at places behind the `count` of a group, and where the reward is `own` (inf as well).
inline Wide gaps(Narrow reward, int64_t count, double own) {
    const Wide wide = __builtin_convertvector(reward, Wide);
    return below(count) & (wide != own) ? wide - own : Wide{};
}

// (gap - mean)^2 at the places of the group.
inline Wide square(Wide gap, double mean, int64_t count) {
    const Wide centred = gap - mean;
    return below(count) ? centred * centred : Wide{};
}

void store(float* to, Wide x, int64_t count) {
    const Narrow narrow = __builtin_convertvector(x, Narrow);
    if (count >= kWide) {
        __builtin_memcpy(to, &narrow, sizeof narrow);
    } else {
        for (int64_t k = 0; k < count; ++k) to[k] = narrow[k];
    }
}

// 1 / size and 1 / (size - 1) of a group, which are those of the last one mostly.
struct Shares {
    int64_t size = 0;
    double of_all = 0, of_others = 0;

    void set(int64_t next) {
        if (next == size) return;
        size = next;
        of_all = 1.0 / static_cast<double>(size);
        of_others = size > 1 ? 1.0 / static_cast<double>(size - 1) : 0;
    }
};

// What centred rewards are multiplied by, from the sum of their squares.
inline double factor(const GroupAdvantage& p, Wide squares, const Shares& shares) {
    if (!p.divide_by_std) return 1;
    const double spread = total(squares);
    return spread == 0 ? 0 : 1 / (__builtin_sqrt(spread * shares.of_others) + p.eps);
}

// What rewards count from: the group's first one, so that those of a group without spread are 0 exactly, and so are its
// advantages. An infinite one only where all are it: else the mean is infinite, and the rewards count as they are.
inline double origin(const GroupAdvantage& p, int64_t begin, int64_t end) {
    const float first = p.reward[begin];
    if (first - first == 0) [[likely]]
        return first;
    for (int64_t i = begin; i < end; ++i) {
        if (p.reward[i] != first) return 0;
    }
    return first;
}

// This one's rewards fit a vector, and kWide places are there.
inline void small_group(const GroupAdvantage& p, int64_t begin, const Shares& shares) {
    const double own = origin(p, begin, begin + shares.size);
    const Wide gap = gaps(load_narrow(p.reward + begin), shares.size, own);
    const double mean = total(gap) * shares.of_all;
    store(p.advantage + begin, (gap - mean) * factor(p, square(gap, mean, shares.size), shares), shares.size);
}

__attribute__((noinline)) void any_group(const GroupAdvantage& p, int64_t begin, int64_t end, const Shares& shares) {
    const double own = origin(p, begin, end);
    const auto gaps_at = [&](int64_t i) {
        return gaps(i + kWide <= p.n ? load_narrow(p.reward + i) : last_of(p.reward + i, p.n - i), end - i, own);
    };
    Wide sums{}, squares{};
    for (int64_t i = begin; i < end; i += kWide) sums += gaps_at(i);
    const double mean = total(sums) * shares.of_all;
    for (int64_t i = begin; i < end; i += kWide) squares += square(gaps_at(i), mean, end - i);
    const double by = factor(p, squares, shares);
    for (int64_t i = begin; i < end; i += kWide) store(p.advantage + i, (gaps_at(i) - mean) * by, end - i);
}

}  // namespace

int64_t group_advantage(const GroupAdvantage& p, int64_t begin, int64_t end) {
    Shares shares;
    begin = first_run(p.group, begin, p.n);
    for (int64_t next; begin < end; begin = next) {
        next = run_end(p.group, begin, p.n);
        shares.set(next - begin);
        if (shares.size <= kWide && begin + kWide <= p.n) {
            small_group(p, begin, shares);
        } else {
            any_group(p, begin, next, shares);
        }
        if (next < p.n && p.group[next] < p.group[begin]) return next;
    }
    return p.n;
}

int64_t sequences(const int64_t* id, const bool* mask, int64_t n, int64_t begin, int64_t end, Sequence* found) {
    int64_t count = 0;
    begin = first_run(id, begin, n);
    for (int64_t next; begin < end; begin = next) {
        next = run_end(id, begin, n);
        found[count++] = {next, count_active(mask, begin, next)};
    }
    return count;
}

}  // namespace crossthink::CROSSTHINK_ISA
