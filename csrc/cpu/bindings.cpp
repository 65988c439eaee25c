// The Python face of the CPU kernels: checks of shapes and values here, kernels behind plain structs. Arrays are numpy
// buffers (of CPU torch tensors as well), read and written in place; a dtype that does not match is a TypeError.

#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <string>

#include "checks.h"
#include "cpu/isa.h"
#include "cpu/logprob.h"
#include "cpu/pages.h"
#include "cpu/policy.h"
#include "cpu/product.h"

namespace py = pybind11;
using py::literals::operator""_a;

namespace crossthink {
namespace {

// Ids of runs must be ascending; `place` is the first that is not.
[[noreturn]] void refuse_fall(const Ints& ids, int64_t place, const char* name) {
    const int64_t* id = ids.data();
    refuse(std::string(name) + " must be ascending, but " + std::to_string(id[place]) + " follows " +
           std::to_string(id[place - 1]) + " at index " + std::to_string(place));
}

void require_tokens(const Ints& token, int64_t rows, int64_t vocab) {
    require_shape(token, "token", {rows});
    for (int64_t i = 0; i < rows; ++i) {
        if (token.data()[i] >= 0 && token.data()[i] < vocab) continue;
        refuse("token " + std::to_string(token.data()[i]) + " at index " + std::to_string(i) + " is not in [0, " +
               std::to_string(vocab) + ")");
    }
}

void forward(const Floats& logits, const Ints& token, double temperature, Floats logp, Floats entropy, Floats stats,
             int64_t threads) {
    require(logits.ndim() == 2, "logits must have shape [tokens, vocabulary]");
    const int64_t rows = logits.shape(0), vocab = logits.shape(1);
    require_tokens(token, rows, vocab);
    require_shape(logp, "logp", {rows});
    require_shape(entropy, "entropy", {rows});
    require_shape(stats, "stats", {rows, 2});
    const LogprobForward p{logits.data(),
                           token.data(),
                           logp.mutable_data(),
                           entropy.mutable_data(),
                           stats.mutable_data(),
                           rows,
                           vocab,
                           static_cast<float>(1 / temperature)};
    py::gil_scoped_release unlocked;
    token_logprob_forward(p, threads);
}

void backward(Floats logits, const Ints& token, const Floats& grad_logp, const Floats& grad_entropy,
              const Floats& entropy, const Floats& stats, double temperature, bool narrow, int64_t threads) {
    require(logits.ndim() == 2, "logits must have shape [tokens, vocabulary]");
    const int64_t rows = logits.shape(0), vocab = logits.shape(1);
    require_tokens(token, rows, vocab);
    require_shape(grad_logp, "grad_logp", {rows});
    require_shape(grad_entropy, "grad_entropy", {rows});
    require_shape(entropy, "entropy", {rows});
    require_shape(stats, "stats", {rows, 2});
    const LogprobBackward p{logits.mutable_data(),
                            narrow,
                            token.data(),
                            grad_logp.data(),
                            grad_entropy.data(),
                            entropy.data(),
                            stats.data(),
                            rows,
                            vocab,
                            static_cast<float>(1 / temperature)};
    py::gil_scoped_release unlocked;
    token_logprob_backward(p, threads);
}

// A matrix [rows, columns] of 16 bits whose neighbours along one of the two are neighbours in memory.
Bf16Matrix matrix(const py::array_t<int16_t>& x, const char* name, py::ssize_t k_axis) {
    require(x.ndim() == 2, std::string(name) + " must have two axes");
    constexpr py::ssize_t kSize = sizeof(int16_t);
    const bool along_k = x.strides(k_axis) == kSize || x.shape(k_axis) <= 1;
    require(along_k || x.size() == 0 || x.strides(1 - k_axis) == kSize || x.shape(1 - k_axis) <= 1,
            std::string(name) + " must be contiguous along one of its axes");
    return {reinterpret_cast<const uint16_t*>(x.data()), x.strides(along_k ? 1 - k_axis : k_axis) / kSize, along_k};
}

void multiply_bf16(const py::array_t<int16_t>& a, const py::array_t<int16_t>& b, py::array_t<float>& c, bool add,
                   int64_t threads) {
    require(multiplies_bf16(), "this processor has no products of bf16");
    const Bf16Matrix left = matrix(a, "a", 1), right = matrix(b, "b", 0);
    const int64_t m = a.shape(0), k = a.shape(1), n = b.shape(1);
    require(b.shape(0) == k, "b must have as many rows as a has columns");
    require(c.ndim() == 2 && c.shape(0) == m && c.shape(1) == n, "c must have shape [rows of a, columns of b]");
    require(c.size() == 0 || n <= 1 || c.strides(1) == sizeof(float), "the rows of c must be contiguous");
    const Product p{left, right, c.mutable_data(), c.strides(0) / static_cast<int64_t>(sizeof(float)), m, n, k, add};
    py::gil_scoped_release unlocked;
    multiply(p, threads);
}

void advantage(const Floats& reward, const Ints& group, bool divide_by_std, double eps, Floats out, int64_t threads) {
    const int64_t n = reward.size();
    require_shape(reward, "reward", {n});
    require_shape(group, "group", {n});
    require_shape(out, "out", {n});
    const GroupAdvantage p{reward.data(), group.data(), out.mutable_data(), n, divide_by_std, eps};
    int64_t fall;
    {
        py::gil_scoped_release unlocked;
        fall = group_advantage(p, threads);
    }
    if (fall < n) refuse_fall(group, fall, "group");
}

// The sequences of a batch, as Python holds them.
struct Sequences {
    std::vector<Sequence> all;
    int64_t active;  // sequences with an active token
    int64_t tokens;
};

Sequences checked_sequences(const Ints& ids, const Bools& mask, int64_t threads) {
    const int64_t n = ids.size();
    require_shape(ids, "sequence", {n});
    require_shape(mask, "mask", {n});
    Sequences found{{}, 0, n};
    {
        py::gil_scoped_release unlocked;
        found.all = find_sequences(ids.data(), mask.data(), n, threads);
    }
    for (const auto& [end, active] : found.all) {
        if (end < n && ids.data()[end] < ids.data()[end - 1]) refuse_fall(ids, end, "sequence");
        found.active += active > 0;
    }
    return found;
}

void counts(const Sequences& sequences, Floats out) {
    require_shape(out, "out", {sequences.tokens});
    float* to = out.mutable_data();
    int64_t begin = 0;
    for (const auto& [end, active] : sequences.all) {
        std::fill(to + begin, to + end, static_cast<float>(active));
        begin = end;
    }
}

void means(const Sequences& sequences, const Bools& mask, const Floats& x, Floats out, int64_t threads) {
    require_shape(mask, "mask", {sequences.tokens});
    require_shape(x, "x", {sequences.tokens});
    require_shape(out, "out", {sequences.tokens});
    float* to = out.mutable_data();
    py::gil_scoped_release unlocked;
    sequence_means(sequences.all, mask.data(), x.data(), to, threads);
}

template <class T>
T named(const std::string& name, std::initializer_list<std::pair<const char*, T>> values) {
    for (const auto& [known, value] : values) {
        if (name == known) return value;
    }
    throw py::value_error("no such option: " + name);
}

LossOptions loss_options(const std::string& surrogate, const std::string& kl, const std::string& correction,
                         double clip_low, double clip_high, double dual_clip, double kl_coef, double sampler_cap,
                         double sampler_floor) {
    const auto narrow = [](double x) { return static_cast<float>(x); };
    return {
        named<Surrogate>(surrogate,
                         {{"ppo", Surrogate::kPpo}, {"gspo", Surrogate::kPpo}, {"cispo", Surrogate::kCispo}}),
        named<Kl>(kl, {{"", Kl::kNone}, {"k1", Kl::kK1}, {"k2", Kl::kK2}, {"k3", Kl::kK3}}),
        named<Correction>(correction,
                          {{"", Correction::kNone}, {"truncate", Correction::kTruncate}, {"mask", Correction::kMask}}),
        narrow(1 - clip_low),
        narrow(1 + clip_high),
        narrow(dual_clip),
        narrow(kl_coef),
        narrow(sampler_cap),
        narrow(sampler_floor)};
}

void terms(const LossOptions& options, const Floats& logp, const std::optional<Floats>& old_logp,
           const std::optional<Floats>& log_ratio, const Floats& advantages, const Doubles& scale,
           const std::optional<Floats>& count, const Bools& mask, const std::optional<Floats>& ref_logp,
           const std::optional<Floats>& sampler_logp, const Sequences* sequences, Floats grad, Doubles sums,
           int64_t threads) {
    const int64_t n = logp.size();
    const auto optional = [n](const std::optional<Floats>& column, const char* name, bool needed) -> const float* {
        require(column || !needed, std::string(name) + " is missing");
        if (!column) return nullptr;
        require_shape(*column, name, {n});
        return column->data();
    };
    require_shape(logp, "logp", {n});
    require_shape(advantages, "advantage", {n});
    require(scale.size() == 1, "scale must hold 1 element");
    require(!sequences || sequences->tokens == n, "sequences must be those of the columns");
    require_shape(mask, "mask", {n});
    require_shape(grad, "grad", {n});
    require_shape(sums, "sums", {kPolicySums});
    const PolicyColumns columns{logp.data(),
                                optional(old_logp, "old_logp", false),
                                optional(log_ratio, "log_ratio", false),
                                advantages.data(),
                                scale.data(),
                                optional(count, "count", false),
                                mask.data(),
                                optional(ref_logp, "ref_logp", options.kl != Kl::kNone),
                                optional(sampler_logp, "sampler_logp", options.correction != Correction::kNone),
                                n};
    float* gradient = grad.mutable_data();
    double* totals = sums.mutable_data();
    py::gil_scoped_release unlocked;
    policy_terms(options, columns, sequences ? &sequences->all : nullptr, gradient, totals, threads);
}

void checked_use_isa(const std::string& name) {
    require(use_isa(name), "this machine does not run the instruction set " + name);
}

}  // namespace

void bind_cpu(py::module_& m) {
    m.def("isa", [] { return isa().name; }, "Instruction set in use by the row kernels.");
    m.def("available_isas", &available_isas, "Instruction sets that this machine runs, best first.");
    m.def("use_isa", &checked_use_isa, "name"_a, "Choose an instruction set; ValueError where the machine lacks it.");
    m.def("use_huge_pages", &use_huge_pages, "address"_a, "bytes"_a, "Ask for pages of 2 MiB, where Linux has them.");
    m.def("token_logprob_forward", &forward, "logits"_a.noconvert(), "token"_a.noconvert(), "temperature"_a,
          "logp"_a.noconvert(), "entropy"_a.noconvert(), "stats"_a.noconvert(), "threads"_a,
          "Fills logp [T], entropy [T] and stats [T, 2] from logits [T, V].");
    m.def("token_logprob_backward", &backward, "logits"_a.noconvert(), "token"_a.noconvert(), "grad_logp"_a.noconvert(),
          "grad_entropy"_a.noconvert(), "entropy"_a.noconvert(), "stats"_a.noconvert(), "temperature"_a, "narrow"_a,
          "threads"_a,
          "Turns logits [T, V] into their gradient, in place; narrow: as bf16, in the first half of each row.");
    m.def("multiplies_bf16", &multiplies_bf16, "Whether this processor has products of bf16 (AVX512-BF16).");
    m.def("multiply_bf16", &multiply_bf16, "a"_a.noconvert(), "b"_a.noconvert(), "c"_a.noconvert(), "add"_a,
          "threads"_a, "c [m, n] = (or +=) a [m, k] b [k, n], bf16 as int16 and summed in fp32.");
    m.def("group_advantage", &advantage, "reward"_a.noconvert(), "group"_a.noconvert(), "divide_by_std"_a, "eps"_a,
          "out"_a.noconvert(), "threads"_a, "Fills out [N] with each reward's advantage in its group.");
    py::class_<Sequences>(m, "Sequences", "The sequences of packed tokens, whose ids [T] are ascending.")
        .def(py::init(&checked_sequences), "sequence"_a.noconvert(), "mask"_a.noconvert(), "threads"_a)
        .def_readonly("active", &Sequences::active, "Sequences with an active token.")
        .def("counts", &counts, "out"_a.noconvert(), "Fills out [T] with the active tokens of each token's sequence.")
        .def("means", &means, "mask"_a.noconvert(), "x"_a.noconvert(), "out"_a.noconvert(), "threads"_a,
             "Fills out [T] with x's mean over the active tokens of each token's sequence.");
    py::class_<LossOptions>(m, "LossOptions")
        .def(py::init(&loss_options), "surrogate"_a, "kl"_a, "correction"_a, "clip_low"_a, "clip_high"_a, "dual_clip"_a,
             "kl_coef"_a, "sampler_cap"_a, "sampler_floor"_a);
    m.def("policy_terms", &terms, "options"_a, "logp"_a.noconvert(), "old_logp"_a.noconvert(),
          "log_ratio"_a.noconvert(), "advantage"_a.noconvert(), "scale"_a.noconvert(), "count"_a.noconvert(),
          "mask"_a.noconvert(), "ref_logp"_a.noconvert(), "sampler_logp"_a.noconvert(), "sequences"_a,
          "grad"_a.noconvert(), "sums"_a.noconvert(), "threads"_a,
          "Fills grad [T] and sums [6]: loss, kl, clipped, ratio, -log-ratio, active.");
}

}  // namespace crossthink
