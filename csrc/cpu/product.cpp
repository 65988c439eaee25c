#include "cpu/product.h"

#include <memory>

#include "cpu/share.h"

namespace crossthink {

bool multiplies_bf16() {
#ifdef CROSSTHINK_X86
    return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw");
#else
    return false;
#endif
}

#ifdef CROSSTHINK_X86
void multiply(const Product& p, int64_t threads) {
    constexpr int64_t kOfAnElement = 128;  // multiplications that take as long as a row kernel's element
    if (p.m == 0 || p.n == 0) return;
    const bool by_rows = p.m > p.n;
    const int64_t work_of_a_line = (by_rows ? p.n : p.m) * p.k / kOfAnElement;
    share(by_rows ? p.m : p.n, work_of_a_line, threads, [&](int64_t begin, int64_t end) {
        const auto workspace = std::make_unique_for_overwrite<uint32_t[]>(avx512_bf16::kWorkspace);
        if (by_rows) {
            avx512_bf16::multiply(p, begin, end, 0, p.n, workspace.get());
        } else {
            avx512_bf16::multiply(p, 0, p.m, begin, end, workspace.get());
        }
    });
}
#else
void multiply(const Product&, int64_t) {}
#endif

}  // namespace crossthink
