#include "cpu/product.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

namespace crossthink {

bool multiplies_bf16() {
#ifdef CROSSTHINK_X86
    return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw");
#else
    return false;
#endif
}

#ifdef CROSSTHINK_X86
void multiply(const Product& p, int64_t threads) {
    constexpr int64_t kWorthAThread = int64_t{1} << 22;  // multiplications
    const bool by_rows = p.m > p.n;
    const int64_t lines = by_rows ? p.m : p.n;
    const int64_t others = by_rows ? p.n : p.m;
    const int64_t most = std::max<int64_t>(others * p.k * lines / kWorthAThread, 1);
    const int64_t workers = std::clamp<int64_t>(std::min(threads, most), 1, std::max<int64_t>(lines, 1));
    const auto work = [&](int64_t i) {
        const int64_t begin = lines * i / workers, end = lines * (i + 1) / workers;
        const auto workspace = std::make_unique_for_overwrite<uint32_t[]>(avx512_bf16::kWorkspace);
        if (by_rows) {
            avx512_bf16::multiply(p, begin, end, 0, p.n, workspace.get());
        } else {
            avx512_bf16::multiply(p, 0, p.m, begin, end, workspace.get());
        }
    };
    std::vector<std::jthread> pool;
    for (int64_t i = 1; i < workers; ++i) pool.emplace_back(work, i);
    work(0);
}
#else
void multiply(const Product&, int64_t) {}
#endif

}  // namespace crossthink
