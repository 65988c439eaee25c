// The core's work on seven threads must give the bits of one. Built with ThreadSanitizer, which ends it at a data race.

#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "cpu/logprob.h"
#include "cpu/policy.h"
#include "cpu/product.h"

namespace {

using crossthink::LogprobBackward;
using crossthink::LogprobForward;

std::vector<float> row_kernels(int64_t threads) {
    constexpr int64_t kRows = 70, kVocab = 4099;
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> logits(kRows * kVocab), logp(kRows), entropy(kRows), stats(2 * kRows), grad(kRows);
    for (float& x : logits) x = normal(random);
    for (float& x : grad) x = normal(random);
    std::vector<int64_t> token(kRows);
    for (int64_t i = 0; i < kRows; ++i) token[i] = i * 57 % kVocab;
    crossthink::token_logprob_forward(
        {logits.data(), token.data(), logp.data(), entropy.data(), stats.data(), kRows, kVocab, 1.0f}, threads);
    LogprobBackward p{};
    p.logits = logits.data();
    p.token = token.data();
    p.grad_logp = grad.data();
    p.grad_entropy = grad.data();
    p.entropy = entropy.data();
    p.stats = stats.data();
    p.rows = kRows;
    p.vocab = kVocab;
    p.inverse_temperature = 1.0f;
    crossthink::token_logprob_backward(p, threads);
    logits.insert(logits.end(), logp.begin(), logp.end());
    return logits;
}

std::vector<float> product(bool by_rows, int64_t threads) {
    const int64_t m = by_rows ? 900 : 70, n = by_rows ? 70 : 900, k = 811;
    std::mt19937 random(2);
    std::vector<uint16_t> a(m * k), b(n * k);
    for (auto* values : {&a, &b}) {
        for (uint16_t& x : *values) x = static_cast<uint16_t>(0x3F80 | (random() & 0x807F));  // 1 to 2, either sign
    }
    std::vector<float> c(m * n);
    crossthink::multiply({{a.data(), k, true}, {b.data(), k, true}, c.data(), n, m, n, k, false}, threads);
    return c;
}

std::vector<float> terms(int64_t threads) {
    constexpr int64_t kTokens = 100'001;
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    std::vector<float> logp(kTokens), old_logp(kTokens), advantage(kTokens), grad(kTokens);
    std::vector<int64_t> group(kTokens);
    const auto mask = std::make_unique<bool[]>(kTokens);
    for (int64_t i = 0; i < kTokens; ++i) {
        logp[i] = normal(random);
        old_logp[i] = normal(random);
        mask[i] = random() % 3 > 0;
        group[i] = i / 7;
    }
    crossthink::group_advantage({logp.data(), group.data(), advantage.data(), kTokens, true, 1e-6}, threads);
    crossthink::LossOptions options{};
    options.clip_low = 0.8f;
    options.clip_high = 1.2f;
    crossthink::PolicyColumns columns{};
    const double scale = 0.5;
    columns.logp = logp.data();
    columns.old_logp = old_logp.data();
    columns.advantage = advantage.data();
    columns.scale = &scale;
    columns.mask = mask.get();
    columns.n = kTokens;
    double sums[crossthink::kPolicySums];
    const auto sequences = crossthink::find_sequences(group.data(), mask.get(), kTokens, threads);
    crossthink::policy_terms(options, columns, &sequences, grad.data(), sums, threads);
    for (double sum : sums) grad.push_back(static_cast<float>(sum));
    grad.insert(grad.end(), advantage.begin(), advantage.end());
    return grad;
}

int compare(const char* name, const std::vector<float>& one, const std::vector<float>& many) {
    const bool same = std::memcmp(one.data(), many.data(), one.size() * sizeof(float)) == 0;
    std::printf("%s: %s\n", name, same ? "the same bits" : "OTHER BITS");
    return same ? 0 : 1;
}

}  // namespace

int main() {
    int failed = compare("row kernels", row_kernels(1), row_kernels(7));
    failed += compare("policy terms", terms(1), terms(7));
    if (crossthink::multiplies_bf16()) {
        failed += compare("product by rows", product(true, 1), product(true, 7));
        failed += compare("product by columns", product(false, 1), product(false, 7));
    }
    return failed;
}
