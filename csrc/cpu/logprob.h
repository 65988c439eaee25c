#pragma once

#include "cpu/rows.h"

namespace crossthink {

// Rows spread over at most `threads` threads. Each row is worked on by one thread: the number does not change a bit.
void token_logprob_forward(const LogprobForward& p, int64_t threads);
void token_logprob_backward(const LogprobBackward& p, int64_t threads);

}  // namespace crossthink
