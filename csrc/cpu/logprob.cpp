#include "cpu/logprob.h"

#include "cpu/isa.h"
#include "cpu/share.h"

namespace crossthink {

void token_logprob_forward(const LogprobForward& p, int64_t threads) {
    if (p.rows == 0) return;
    const auto work = isa().forward;
    share(p.rows, p.vocab, threads, [&](int64_t begin, int64_t end) { work(p, begin, end); });
}

void token_logprob_backward(const LogprobBackward& p, int64_t threads) {
    if (p.rows == 0) return;
    const auto work = isa().backward;
    share(p.rows, p.vocab, threads, [&](int64_t begin, int64_t end) { work(p, begin, end); });
}

}  // namespace crossthink
