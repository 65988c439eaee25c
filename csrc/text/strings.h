#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/arrow_abi.h"

namespace crossthink::text {

// Views of the rows of an Arrow array of the format "u", "U", "z" or "Z" (utf8, large_utf8, binary, large_binary) are
// put behind `out`, without a copy; a null is an empty text. Throws std::invalid_argument for another format, and for
// offsets that are negative or descend.
void append_views(const std::string& format, const ArrowArray& array, std::vector<std::string_view>& out);

}  // namespace crossthink::text
