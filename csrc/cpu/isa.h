#pragma once

#include <string>
#include <vector>

#include "cpu/rows.h"

// The instruction sets of this machine, and which one is in use.

namespace crossthink {

struct Isa {
    const char* name;
    decltype(&plain::forward) forward;
    decltype(&plain::backward) backward;
    decltype(&plain::policy_terms) policy_terms;
    decltype(&plain::group_advantage) group_advantage;
    decltype(&plain::sequences) sequences;
};

// The one in use: the best that this machine runs, until use_isa names another.
const Isa& isa();

// Best first.
std::vector<std::string> available_isas();
// Returns false where the machine does not have it.
bool use_isa(const std::string& name);

}  // namespace crossthink
