#include "text/strings.h"

#include <stdexcept>

namespace crossthink::text {
namespace {

template <class Offset>
void append(const ArrowArray& array, std::vector<std::string_view>& out) {
    const auto* valid = static_cast<const uint8_t*>(array.buffers[0]);
    const auto* offsets = static_cast<const Offset*>(array.buffers[1]);
    const auto* bytes = static_cast<const char*>(array.buffers[2]);
    for (int64_t i = array.offset; i < array.offset + array.length; ++i) {
        if (valid && !(valid[i / 8] >> i % 8 & 1)) {
            out.emplace_back();
            continue;
        }
        const Offset begin = offsets[i], end = offsets[i + 1];
        if (begin < 0 || end < begin) {
            throw std::invalid_argument("damaged Arrow array: offset " + std::to_string(end) + " follows " +
                                        std::to_string(begin) + " at row " + std::to_string(i - array.offset));
        }
        out.push_back(begin == end ? std::string_view{} : std::string_view(bytes + begin, end - begin));
    }
}

}  // namespace

void append_views(const std::string& format, const ArrowArray& array, std::vector<std::string_view>& out) {
    if (format == "u" || format == "z") {
        append<int32_t>(array, out);
    } else if (format == "U" || format == "Z") {
        append<int64_t>(array, out);
    } else {
        throw std::invalid_argument(
            "texts must be an Arrow array of the type string, large_string, binary or "
            "large_binary, not of the format \"" +
            format + "\": cast it first");
    }
}

}  // namespace crossthink::text
