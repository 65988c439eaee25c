// The Python face of packing and balance.

#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "batch/balance.h"
#include "batch/pack.h"
#include "checks.h"

namespace py = pybind11;
using py::literals::operator""_a;

namespace crossthink {
namespace {

std::vector<std::vector<int64_t>> checked_pack(const std::vector<int64_t>& lengths, int64_t budget) {
    for (size_t i = 0; i < lengths.size(); ++i) {
        if (lengths[i] >= 0 && lengths[i] <= budget) continue;
        refuse("length " + std::to_string(lengths[i]) + " at index " + std::to_string(i) +
               " is not in [0, budget = " + std::to_string(budget) + "]");
    }
    py::gil_scoped_release unlocked;
    return pack(lengths, budget);
}

std::vector<std::vector<int64_t>> checked_balance(const std::vector<int64_t>& costs, int64_t parts) {
    require(parts >= 1, "parts must be at least 1, got " + std::to_string(parts));
    for (size_t i = 0; i < costs.size(); ++i) {
        if (costs[i] < 0) {
            refuse("cost " + std::to_string(costs[i]) + " at index " + std::to_string(i) + " is negative");
        }
    }
    py::gil_scoped_release unlocked;
    return balance(costs, parts);
}

}  // namespace

void bind_batch(py::module_& m) {
    m.def("pack", &checked_pack, "lengths"_a, "budget"_a,
          "First-fit decreasing: bins of indices, none above the budget in sum. ValueError for a length above it.");
    m.def("balance", &checked_balance, "costs"_a, "parts"_a,
          "Largest differencing: `parts` lists of indices whose costs have nearly equal sums.");
}

}  // namespace crossthink
