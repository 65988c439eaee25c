#pragma once

#include <cstdint>
#include <vector>

namespace crossthink {

// First-fit decreasing: bins of indices into `lengths`, none above `budget` in sum. The longest come first, equal ones
// by index; each goes to the first bin that has room, so the result is a function of the arguments alone.
// Requires 0 <= lengths[i] <= budget. O(n log n).
std::vector<std::vector<int64_t>> pack(const std::vector<int64_t>& lengths, int64_t budget);

}  // namespace crossthink
