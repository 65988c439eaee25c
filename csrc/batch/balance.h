#pragma once

#include <cstdint>
#include <vector>

namespace crossthink {

// Largest differencing (Karmarkar and Karp 1982; Michiels et al. 2003 for more than two parts): `parts` lists of
// indices into `costs` with sums as near to each other as it finds. Indices ascend in a part, and the parts by their
// first; the empty ones are last. Equal costs go by index, so the result is a function of the arguments alone. Requires
// costs >= 0, parts >= 1; throws std::invalid_argument where those of one part add up to more than 2^63 - 1. O(n parts
// log n).
std::vector<std::vector<int64_t>> balance(const std::vector<int64_t>& costs, int64_t parts);

}  // namespace crossthink
