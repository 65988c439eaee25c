#include "batch/balance.h"

#include <algorithm>
#include <queue>
#include <stdexcept>
#include <utility>

namespace crossthink {
namespace {

// Items of one part, as a list through `next`.
struct Sum {
    int64_t cost = 0;
    int64_t first = -1, last = -1;
};

// A way to spread some items over all parts: their sums, the largest first.
struct Spread {
    std::vector<Sum> sums;
    int64_t oldest;  // the smallest index in it

    int64_t difference() const { return sums.front().cost - sums.back().cost; }
};

struct Smaller {
    bool operator()(const Spread& a, const Spread& b) const {
        return a.difference() != b.difference() ? a.difference() < b.difference() : a.oldest > b.oldest;
    }
};

class Lists {
  public:
    explicit Lists(size_t items) : next_(items, -1) {}

    Sum join(const Sum& a, const Sum& b) {
        if (a.first < 0) return b;
        if (b.first < 0) return a;
        next_[a.last] = b.first;
        Sum sum{0, a.first, b.last};
        if (__builtin_add_overflow(a.cost, b.cost, &sum.cost)) {
            throw std::invalid_argument("costs of one part add up to more than 2^63 - 1");
        }
        return sum;
    }

    std::vector<int64_t> indices(const Sum& part) const {
        std::vector<int64_t> found;
        for (int64_t i = part.first; i >= 0; i = i == part.last ? -1 : next_[i]) found.push_back(i);
        std::sort(found.begin(), found.end());
        return found;
    }

  private:
    std::vector<int64_t> next_;
};

// The largest sum of one beside the smallest of the other.
Spread merge(const Spread& a, const Spread& b, Lists& lists) {
    Spread merged{{}, std::min(a.oldest, b.oldest)};
    const size_t parts = a.sums.size();
    for (size_t i = 0; i < parts; ++i) merged.sums.push_back(lists.join(a.sums[i], b.sums[parts - 1 - i]));
    std::stable_sort(merged.sums.begin(), merged.sums.end(),
                     [](const Sum& x, const Sum& y) { return x.cost > y.cost; });
    return merged;
}

}  // namespace

std::vector<std::vector<int64_t>> balance(const std::vector<int64_t>& costs, int64_t parts) {
    const auto items = static_cast<int64_t>(costs.size());
    std::vector<std::vector<int64_t>> result(parts);
    if (items == 0) return result;
    Lists lists(items);
    std::vector<Spread> alone;
    for (int64_t i = 0; i < items; ++i) {
        alone.push_back({std::vector<Sum>(parts), i});
        alone.back().sums.front() = {costs[i], i, i};
    }
    std::priority_queue<Spread, std::vector<Spread>, Smaller> spreads(Smaller{}, std::move(alone));
    while (spreads.size() > 1) {
        const Spread a = spreads.top();
        spreads.pop();
        const Spread b = spreads.top();
        spreads.pop();
        spreads.push(merge(a, b, lists));
    }
    for (int64_t part = 0; part < parts; ++part) result[part] = lists.indices(spreads.top().sums[part]);
    std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
        return a.empty() || b.empty() ? !a.empty() && b.empty() : a.front() < b.front();
    });
    return result;
}

}  // namespace crossthink
