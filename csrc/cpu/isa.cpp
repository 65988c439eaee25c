#include "cpu/isa.h"

#include <atomic>

namespace crossthink {
namespace {

#define CROSSTHINK_ISA_ENTRY(name) \
    Isa { #name, name::forward, name::backward, name::policy_terms, name::group_advantage, name::sequences }

std::vector<Isa> detect() {
    std::vector<Isa> found;
#ifdef CROSSTHINK_X86
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) {
        found.push_back(CROSSTHINK_ISA_ENTRY(avx512));
    }
    if (has_avx2) found.push_back(CROSSTHINK_ISA_ENTRY(avx2));
#endif
    found.push_back(CROSSTHINK_ISA_ENTRY(plain));
    return found;
}

const std::vector<Isa>& isas() {
    static const std::vector<Isa> found = detect();
    return found;
}

std::atomic<size_t> chosen{0};

}  // namespace

const Isa& isa() { return isas()[chosen]; }

std::vector<std::string> available_isas() {
    std::vector<std::string> names;
    for (const Isa& each : isas()) names.emplace_back(each.name);
    return names;
}

bool use_isa(const std::string& name) {
    for (size_t i = 0; i < isas().size(); ++i) {
        if (isas()[i].name == name) {
            chosen = i;
            return true;
        }
    }
    return false;
}

}  // namespace crossthink
