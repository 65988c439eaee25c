// Group advantages and sequence means on the device: reductions over runs of equal ids.
//
// A warp takes the runs that begin among its places. A window of 32 places that begins with a run holds short runs
// whole: the warp works on all of these at once, a lane a place. A run that goes on past its window has the warp to
// itself. Which of the two it is, and the order of each sum, is decided by the run alone: its result is the same bits
// wherever it lies. Where an id is smaller than the one before it, its run's results are NaN.

#include "cuda/block.h"
#include "cuda/check.h"
#include "cuda/ptx.h"
#include "cuda/runs.h"

namespace crossthink {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr int kSpan = 256;  // places of a warp
constexpr int kAhead = 4;   // places of a long run that a lane reads at once
constexpr unsigned kAll = ~0u;

__device__ int lane() { return threadIdx.x % kWarp; }

__device__ double warp_sum(double x) {
    for (int distance = kWarp / 2; distance > 0; distance /= 2) x += __shfl_xor_sync(kAll, x, distance);
    return x;
}

// Whether the run that begins at `begin` has a smaller id than the one before it.
__device__ bool falls_at(const int64_t* id, int64_t begin) { return begin > 0 && id[begin - 1] > id[begin]; }

// A lane's run, as lanes of its window.
struct Short {
    int first, last, offset;  // the lane's own place in the run
    int widest;               // the largest offset in the window
    unsigned members;
    bool falls;

    __device__ int size() const { return last - first + 1; }

    // x added up over the run, on each of its lanes: a place's sum grows by that of as many places before it.
    template <class Real>
    __device__ Real total(Real x) const {
#pragma unroll
        for (int distance = 1; distance < kWarp; distance *= 2) {
            if (distance > widest) break;
            const Real before = __shfl_up_sync(kAll, x, distance);
            if (offset >= distance) x += before;
        }
        return __shfl_sync(kAll, x, last);
    }
};

// The window at `begin`, where a run begins: this lane's run, and how many places its whole runs fill. That number is 0
// where the first run goes on past the window.
__device__ Short window(const int64_t* id, int64_t begin, int64_t n, int& filled) {
    const int64_t i = begin + lane(), behind = begin + kWarp;
    const int64_t own = i < n ? id[i] : 0, next = behind < n ? id[behind] : 0;
    const bool first_falls = falls_at(id, begin);
    const int64_t before = __shfl_up_sync(kAll, own, 1), last = __shfl_sync(kAll, own, kWarp - 1);
    const unsigned begins = __ballot_sync(kAll, lane() == 0 || i >= n || own != before);
    const unsigned falls = __ballot_sync(kAll, lane() == 0 ? first_falls : i < n && before > own);
    const unsigned up_to_here = kAll >> (kWarp - 1 - lane());
    Short run;
    run.first = kWarp - 1 - __clz(begins & up_to_here);
    const unsigned later = begins & ~up_to_here;
    run.last = (later ? __ffs(later) - 1 : kWarp) - 1;
    run.offset = lane() - run.first;
    run.widest = __reduce_max_sync(kAll, run.offset);
    run.members = (kAll >> (kWarp - 1 - run.last)) & (kAll << run.first);
    run.falls = falls >> run.first & 1;
    filled = behind < n ? (next != last ? kWarp : kWarp - 1 - __clz(begins)) : static_cast<int>(n - begin);
    return run;
}

// Calls work(value(i)) for this lane's share of the run that begins at `begin`; returns where the run ends. Where ids
// fall, one may come again: that is another run.
template <class Value, class Work>
__device__ int64_t each_of_run(const int64_t* id, int64_t begin, int64_t n, const Value& value, const Work& work) {
    const int64_t own = id[begin];
    for (int64_t start = begin;; start += kAhead * kWarp) {
        int64_t ids[kAhead];
        decltype(value(begin)) values[kAhead];
#pragma unroll
        for (int k = 0; k < kAhead; ++k) {
            const int64_t i = start + k * kWarp + lane();
            ids[k] = i < n ? id[i] : ~own;
            values[k] = value(i < n ? i : begin);
        }
        int members = 0;
#pragma unroll
        for (int k = 0; k < kAhead; ++k) {
            if (members < k * kWarp) continue;
            const unsigned others = __ballot_sync(kAll, ids[k] != own);
            const int length = others ? __ffs(others) - 1 : kWarp;
            if (lane() < length) work(values[k]);
            members += length;
        }
        if (members < kAhead * kWarp) return start + members;
    }
}

// The first place in [from, to) where a run begins; `to` where there is none.
__device__ int64_t next_begin(const int64_t* id, int64_t from, int64_t to) {
    for (int64_t start = from; start < to; start += kAhead * kWarp) {
        bool begins[kAhead];
#pragma unroll
        for (int k = 0; k < kAhead; ++k) {
            const int64_t i = start + k * kWarp + lane();
            begins[k] = i < to && (i == 0 || id[i - 1] != id[i]);
        }
#pragma unroll
        for (int k = 0; k < kAhead; ++k) {
            if (const unsigned found = __ballot_sync(kAll, begins[k])) return start + k * kWarp + __ffs(found) - 1;
        }
    }
    return to;
}

// Hands this warp's runs to `work`: those of a window with work.short_runs(run, i, value, whole), where `value` is
// work.read(i) and `whole` says whether place i is of a run that the window holds and that begins among the warp's
// places; one with end = work.long_run(begin).
template <class Work>
__device__ void each_run(const int64_t* id, int64_t n, Work& work) {
    const int64_t first = (int64_t(blockIdx.x) * kWarps + threadIdx.x / kWarp) * kSpan;
    const int64_t end = first + kSpan < n ? first + kSpan : n;
    for (int64_t begin = next_begin(id, first, end); begin < end;) {
        const int64_t i = begin + lane();
        const auto value = work.read(i < n ? i : begin);  // under way with the ids
        int filled;
        const Short run = window(id, begin, n, filled);
        if (filled == 0) {
            begin = work.long_run(begin);
        } else {
            work.short_runs(run, i, value, lane() < filled && begin + run.first < end);
            begin += filled;
        }
    }
}

// Rewards count from the group's first one: those of a group without spread are 0 exactly, and the squares of the
// others less n mean^2 lose at most a factor n of the precision, since the first one's own gap is the mean. Where that
// one is infinite they count as they are: so is the mean.
struct Advantages {
    const GroupAdvantage& p;

    __device__ float read(int64_t i) const { return p.reward[i]; }

    __device__ static float origin(float first) { return first - first == 0 ? first : 0.0f; }

    __device__ void short_runs(const Short& run, int64_t i, float reward, bool whole) const {
        const float own = __shfl_sync(kAll, reward, run.first);
        const float gap = reward - origin(own), n = static_cast<float>(run.size());
        const float centred = gap - __fdividef(run.total(gap), n);
        const bool flat = (__ballot_sync(kAll, reward != own) & run.members) == 0;
        float by = 1;
        if (p.divide_by_std)
            by = sqrt_fast(__fdividef(run.total(centred * centred), n - 1)) + static_cast<float>(p.eps);
        if (whole) p.advantage[i] = run.falls ? nanf("") : flat ? 0.0f : __fdividef(centred, by);
    }

    __device__ int64_t long_run(int64_t begin) const {
        const float own = p.reward[begin], from = origin(own);
        double sum = 0, squares = 0;
        bool flat = true;
        const auto gap_of = [&](float reward) { return double(reward) - from; };
        const int64_t end = each_of_run(
            p.group, begin, p.n, [&](int64_t i) { return read(i); },
            [&](float reward) {
                const double gap = gap_of(reward);
                sum += gap;
                squares += gap * gap;
                flat = flat && reward == own;
            });
        flat = __all_sync(kAll, flat);
        const double n = static_cast<double>(end - begin), mean = warp_sum(sum) / n;
        squares = warp_sum(squares) - n * mean * mean;
        double by = p.divide_by_std ? 1 / (sqrt(squares / (n - 1)) + p.eps) : 1;
        if (falls_at(p.group, begin)) {
            by = nan("");
            flat = false;
        }
#pragma unroll 4
        for (int64_t i = begin + lane(); i < end; i += kWarp) {
            p.advantage[i] = flat ? 0.0f : static_cast<float>((gap_of(p.reward[i]) - mean) * by);
        }
        return end;
    }
};

struct Means {
    const SequenceMeans& p;
    int active = 0;  // sequences with an active token

    struct Value {
        bool counts;
        float x;
    };

    __device__ Value read(int64_t i) const { return {p.mask[i], p.x ? p.x[i] : 0.0f}; }

    __device__ void write(int64_t i, int count, float mean, bool falls) const {
        if (p.count) p.count[i] = falls ? nanf("") : static_cast<float>(count);
        if (p.x) p.mean[i] = falls ? nanf("") : mean;
    }

    __device__ void short_runs(const Short& run, int64_t i, const Value& value, bool whole) {
        const int count = __popc(__ballot_sync(kAll, value.counts) & run.members), least = count > 0 ? count : 1;
        const float mean = p.x ? static_cast<float>(run.total(value.counts ? double(value.x) : 0.0) / least) : 0;
        active += __popc(__ballot_sync(kAll, whole && run.offset == 0 && count > 0));
        if (whole) write(i, least, mean, run.falls);
    }

    __device__ int64_t long_run(int64_t begin) {
        int count = 0;
        double sum = 0;
        const int64_t end = each_of_run(
            p.sequence, begin, p.n, [&](int64_t i) { return read(i); },
            [&](const Value& value) {
                count += value.counts;
                sum += value.counts ? value.x : 0.0f;
            });
        count = __reduce_add_sync(kAll, count);
        active += count > 0;
        const int least = count > 0 ? count : 1;
        const float mean = p.x ? static_cast<float>(warp_sum(sum) / least) : 0;
        const bool falls = falls_at(p.sequence, begin);
#pragma unroll 4
        for (int64_t i = begin + lane(); i < end; i += kWarp) write(i, least, mean, falls);
        return end;
    }
};

// The sum of each warp's number, in thread 0.
__device__ int block_sum(int mine) {
    __shared__ int warps[kWarps];
    if (lane() == 0) warps[threadIdx.x / kWarp] = mine;
    __syncthreads();
    int sum = 0;
    for (int of_warp : warps) sum += of_warp;
    return sum;
}

__global__ void __launch_bounds__(kThreads) advantage_kernel(GroupAdvantage p) {
    Advantages work{p};
    each_run(p.group, p.n, work);
}

__global__ void __launch_bounds__(kThreads) means_kernel(SequenceMeans p) {
    Means work{p};
    each_run(p.sequence, p.n, work);
    const int active = block_sum(work.active);
    if (threadIdx.x == 0) p.active[blockIdx.x] = active;
}

__global__ void __launch_bounds__(kThreads) share_kernel(SequenceMeans p, int blocks) {
    int mine = 0;
#pragma unroll 8
    for (int i = threadIdx.x; i < blocks; i += kThreads) mine += p.active[i];
    const int active = block_sum(__reduce_add_sync(kAll, mine));
    if (threadIdx.x == 0) *p.share = 1.0 / (active > 0 ? active : 1);
}

}  // namespace

int64_t cuda_run_blocks(int64_t n) { return blocks(n, kWarps * kSpan); }

void cuda_group_advantage(const GroupAdvantage& p, void* stream) {
    if (p.n == 0) return;
    advantage_kernel<<<blocks(p.n, kWarps * kSpan), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(p);
    CROSSTHINK_CUDA_CHECK(cudaGetLastError());
}

void cuda_sequence_means(const SequenceMeans& p, void* stream) {
    const unsigned count = blocks(p.n, kWarps * kSpan);
    if (count > 0) means_kernel<<<count, kThreads, 0, static_cast<cudaStream_t>(stream)>>>(p);
    share_kernel<<<1, kThreads, 0, static_cast<cudaStream_t>(stream)>>>(p, static_cast<int>(count));
    CROSSTHINK_CUDA_CHECK(cudaGetLastError());
}

}  // namespace crossthink
