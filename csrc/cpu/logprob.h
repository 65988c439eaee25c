#pragma once

#include <string>
#include <vector>

#include "cpu/rows.h"

namespace crossthink {

// Instruction sets that this machine runs, best first; the first is in use until use_isa names another.
std::vector<std::string> available_isas();
std::string isa();
// Returns false where the machine does not have it.
bool use_isa(const std::string& name);

// Rows spread over at most `threads` threads. Each row is worked on by one thread: the number does not change a bit.
void token_logprob_forward(const LogprobForward& p, int64_t threads);
void token_logprob_backward(const LogprobBackward& p, int64_t threads);

}  // namespace crossthink
