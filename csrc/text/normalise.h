#pragma once

#include <string>
#include <string_view>

namespace crossthink::text {

// The text in NFKC, case-folded, a minus sign or en dash as "-", with "^" before what is raised, without what is shown
// as nothing (crossthink/schema.py: canonical_text). What is no UTF-8 becomes U+FFFD. `out` is overwritten.
void normalise(std::string_view source, std::string& out);

}  // namespace crossthink::text
