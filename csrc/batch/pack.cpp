#include "batch/pack.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace crossthink {
namespace {

// Largest room among the bins below each node of a complete binary tree, so that the first bin with enough room is
// found by going down from the root. Bins that are not open yet have the whole budget.
class Rooms {
  public:
    Rooms(size_t bins, int64_t budget) : leaves_(std::bit_ceil(std::max<size_t>(bins, 1))) {
        room_.assign(2 * leaves_, budget);
    }

    size_t first_with(int64_t length) const {
        size_t node = 1;
        while (node < leaves_) {
            node *= 2;
            if (room_[node] < length) ++node;
        }
        return node - leaves_;
    }

    void take(size_t bin, int64_t length) {
        size_t node = bin + leaves_;
        room_[node] -= length;
        while (node /= 2) room_[node] = std::max(room_[2 * node], room_[2 * node + 1]);
    }

  private:
    size_t leaves_;
    std::vector<int64_t> room_;
};

}  // namespace

std::vector<std::vector<int64_t>> pack(const std::vector<int64_t>& lengths, int64_t budget) {
    std::vector<int64_t> order(lengths.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return lengths[a] > lengths[b]; });
    Rooms rooms(lengths.size(), budget);
    std::vector<std::vector<int64_t>> bins;
    for (int64_t index : order) {
        const size_t bin = rooms.first_with(lengths[index]);
        if (bin == bins.size()) bins.emplace_back();
        bins[bin].push_back(index);
        rooms.take(bin, lengths[index]);
    }
    return bins;
}

}  // namespace crossthink
