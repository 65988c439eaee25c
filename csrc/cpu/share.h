#pragma once

#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

namespace crossthink {

// Calls work(begin, end) for equal shares of [0, items), each on a thread of its own, as long as a share is worth one.
template <class Work>
void share(int64_t items, int64_t elements_per_item, int64_t threads, const Work& work) {
    constexpr int64_t kWorthAThread = 1 << 15;  // elements
    const int64_t workers = std::clamp<int64_t>(items * elements_per_item / kWorthAThread, 1, std::min(threads, items));
    std::vector<std::jthread> pool;
    for (int64_t i = 1; i < workers; ++i) {
        pool.emplace_back([&work, begin = items * i / workers, end = items * (i + 1) / workers] { work(begin, end); });
    }
    work(0, items / workers);
}

}  // namespace crossthink
