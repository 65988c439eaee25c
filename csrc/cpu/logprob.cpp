#include "cpu/logprob.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace crossthink {
namespace {

struct Isa {
    const char* name;
    void (*forward)(const LogprobForward&, int64_t, int64_t);
    void (*backward)(const LogprobBackward&, int64_t, int64_t);
};

std::vector<Isa> detect() {
    std::vector<Isa> found;
#ifdef CROSSTHINK_X86
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) {
        found.push_back({"avx512", avx512::forward, avx512::backward});
    }
    if (has_avx2) found.push_back({"avx2", avx2::forward, avx2::backward});
#endif
    found.push_back({"plain", plain::forward, plain::backward});
    return found;
}

const std::vector<Isa>& isas() {
    static const std::vector<Isa> found = detect();
    return found;
}

std::atomic<size_t> chosen{0};

// Calls work(begin, end) for equal shares of [0, rows). Rows too small to pay for a thread stay on this one.
template <class Work>
void share(int64_t rows, int64_t elements_per_row, int64_t threads, const Work& work) {
    constexpr int64_t kWorthAThread = 1 << 15;
    const int64_t workers = std::clamp<int64_t>(rows * elements_per_row / kWorthAThread, 1, std::min(threads, rows));
    std::vector<std::jthread> pool;
    for (int64_t i = 1; i < workers; ++i) {
        pool.emplace_back([&work, begin = rows * i / workers, end = rows * (i + 1) / workers] { work(begin, end); });
    }
    work(0, rows / workers);
}

}  // namespace

std::vector<std::string> available_isas() {
    std::vector<std::string> names;
    for (const Isa& i : isas()) names.emplace_back(i.name);
    return names;
}

std::string isa() { return isas()[chosen].name; }

bool use_isa(const std::string& name) {
    for (size_t i = 0; i < isas().size(); ++i) {
        if (isas()[i].name == name) {
            chosen = i;
            return true;
        }
    }
    return false;
}

void token_logprob_forward(const LogprobForward& p, int64_t threads) {
    if (p.rows == 0) return;
    const auto work = isas()[chosen].forward;
    share(p.rows, p.vocab, threads, [&](int64_t begin, int64_t end) { work(p, begin, end); });
}

void token_logprob_backward(const LogprobBackward& p, int64_t threads) {
    if (p.rows == 0) return;
    const auto work = isas()[chosen].backward;
    share(p.rows, p.vocab, threads, [&](int64_t begin, int64_t end) { work(p, begin, end); });
}

}  // namespace crossthink
