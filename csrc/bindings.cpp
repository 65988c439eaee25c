// The Python face of the core: checks of shapes and values here, kernels behind plain structs. Arrays are numpy buffers
// (of CPU torch tensors as well), read and written in place; a dtype that does not match is a TypeError.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>

#include "batch/pack.h"
#include "cpu/logprob.h"
#include "cpu/policy.h"
#ifdef CROSSTHINK_WITH_CUDA
#include "cuda/logprob.h"
#endif

namespace py = pybind11;
using py::literals::operator""_a;

namespace crossthink {
namespace {

using Floats = py::array_t<float, py::array::c_style>;
using Ints = py::array_t<int64_t, py::array::c_style>;
using Bools = py::array_t<bool, py::array::c_style>;

void require(bool holds, const std::string& message) {
    if (!holds) throw py::value_error(message);
}

template <class Array>
void require_shape(const Array& array, const char* name, std::initializer_list<int64_t> shape) {
    bool same = array.ndim() == static_cast<py::ssize_t>(shape.size());
    std::string expected;
    py::ssize_t axis = 0;
    for (int64_t extent : shape) {
        same = same && array.shape(axis++) == extent;
        expected += (expected.empty() ? "" : ", ") + std::to_string(extent);
    }
    require(same, std::string(name) + " must have shape [" + expected + "]");
}

// Ids of runs: equal ones must stand side by side, which ascending ones do.
void require_ascending(const Ints& ids, const char* name) {
    const int64_t* id = ids.data();
    for (py::ssize_t i = 1; i < ids.size(); ++i) {
        require(id[i - 1] <= id[i], std::string(name) + " must be ascending, but " + std::to_string(id[i]) +
                                        " follows " + std::to_string(id[i - 1]) + " at index " + std::to_string(i));
    }
}

std::vector<std::vector<int64_t>> checked_pack(const std::vector<int64_t>& lengths, int64_t budget) {
    for (size_t i = 0; i < lengths.size(); ++i) {
        require(lengths[i] >= 0 && lengths[i] <= budget, "length " + std::to_string(lengths[i]) + " at index " +
                                                             std::to_string(i) +
                                                             " is not in [0, budget = " + std::to_string(budget) + "]");
    }
    py::gil_scoped_release unlocked;
    return pack(lengths, budget);
}

void require_tokens(const Ints& token, int64_t rows, int64_t vocab) {
    require_shape(token, "token", {rows});
    for (int64_t i = 0; i < rows; ++i) {
        require(token.data()[i] >= 0 && token.data()[i] < vocab, "token " + std::to_string(token.data()[i]) +
                                                                     " at index " + std::to_string(i) +
                                                                     " is not in [0, " + std::to_string(vocab) + ")");
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
              const Floats& entropy, const Floats& stats, double temperature, int64_t threads) {
    require(logits.ndim() == 2, "logits must have shape [tokens, vocabulary]");
    const int64_t rows = logits.shape(0), vocab = logits.shape(1);
    require_tokens(token, rows, vocab);
    require_shape(grad_logp, "grad_logp", {rows});
    require_shape(grad_entropy, "grad_entropy", {rows});
    require_shape(entropy, "entropy", {rows});
    require_shape(stats, "stats", {rows, 2});
    const LogprobBackward p{logits.mutable_data(),
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

void advantage(const Floats& reward, const Ints& group, bool divide_by_std, double eps, Floats out) {
    const int64_t n = reward.size();
    require_shape(reward, "reward", {n});
    require_shape(group, "group", {n});
    require_shape(out, "out", {n});
    require_ascending(group, "group");
    const GroupAdvantage p{reward.data(), group.data(), out.mutable_data(), n, divide_by_std, eps};
    py::gil_scoped_release unlocked;
    group_advantage(p);
}

Normaliser normaliser(const std::string& kind) {
    if (kind == "grpo") return Normaliser::kSequenceMean;
    if (kind == "dapo") return Normaliser::kTokenMean;
    require(kind == "dr_grpo", "kind must be grpo, dapo or dr_grpo, got " + kind);
    return Normaliser::kLength;
}

void loss(const Floats& logp, const Floats& old_logp, const Floats& advantages, const Bools& mask, const Ints& sequence,
          const std::optional<Floats>& ref_logp, const std::optional<Floats>& sampler_logp, const std::string& kind,
          double sequences, double tokens, double max_completion_length, double clip_low, double clip_high,
          double kl_coef, double sampler_cap, Floats loss_out, Floats grad_out, Floats metrics_out) {
    const int64_t n = logp.size();
    require_shape(logp, "logp", {n});
    require_shape(old_logp, "old_logp", {n});
    require_shape(advantages, "advantage", {n});
    require_shape(mask, "mask", {n});
    require_shape(sequence, "sequence", {n});
    if (ref_logp) require_shape(*ref_logp, "ref_logp", {n});
    if (sampler_logp) require_shape(*sampler_logp, "sampler_logp", {n});
    require_shape(grad_out, "grad", {n});
    require(loss_out.size() == 1 && metrics_out.size() == 4, "loss must hold 1 element and metrics 4");
    require_ascending(sequence, "sequence");
    const PolicyLoss p{logp.data(),
                       old_logp.data(),
                       advantages.data(),
                       mask.data(),
                       sequence.data(),
                       ref_logp ? ref_logp->data() : nullptr,
                       sampler_logp ? sampler_logp->data() : nullptr,
                       n,
                       normaliser(kind),
                       sequences,
                       tokens,
                       max_completion_length,
                       clip_low,
                       clip_high,
                       kl_coef,
                       sampler_cap};
    const PolicyLossResult result{loss_out.mutable_data(), grad_out.mutable_data(), metrics_out.mutable_data()};
    py::gil_scoped_release unlocked;
    policy_loss(p, result);
}

void checked_use_isa(const std::string& name) {
    require(use_isa(name), "this machine does not run the instruction set " + name);
}

#ifdef CROSSTHINK_WITH_CUDA
// Device tensors come as addresses: whoever calls has checked their shapes, device and strides.
template <class T>
T* at(uintptr_t address) {
    return reinterpret_cast<T*>(address);
}

LogitType logit_type(const std::string& name) {
    if (name == "float32") return LogitType::kFloat32;
    if (name == "bfloat16") return LogitType::kBFloat16;
    require(name == "float16", "logits must be float32, bfloat16 or float16, got " + name);
    return LogitType::kFloat16;
}

void cuda_forward(uintptr_t logits, const std::string& type, uintptr_t token, uintptr_t logp, uintptr_t entropy,
                  uintptr_t stats, int64_t rows, int64_t vocab, int64_t row_stride, double temperature,
                  uintptr_t stream) {
    const CudaLogprobForward p{at<const void>(logits),
                               logit_type(type),
                               at<const int64_t>(token),
                               at<float>(logp),
                               at<float>(entropy),
                               at<float>(stats),
                               rows,
                               vocab,
                               row_stride,
                               static_cast<float>(1 / temperature)};
    py::gil_scoped_release unlocked;
    cuda_token_logprob_forward(p, at<void>(stream));
}

void cuda_backward(uintptr_t logits, const std::string& type, uintptr_t token, uintptr_t grad_logp,
                   uintptr_t grad_entropy, uintptr_t entropy, uintptr_t stats, uintptr_t grad_logits, int64_t rows,
                   int64_t vocab, int64_t row_stride, double temperature, uintptr_t stream) {
    const CudaLogprobBackward p{at<const void>(logits),
                                logit_type(type),
                                at<const int64_t>(token),
                                at<const float>(grad_logp),
                                at<const float>(grad_entropy),
                                at<const float>(entropy),
                                at<const float>(stats),
                                at<void>(grad_logits),
                                rows,
                                vocab,
                                row_stride,
                                static_cast<float>(1 / temperature)};
    py::gil_scoped_release unlocked;
    cuda_token_logprob_backward(p, at<void>(stream));
}
#endif

}  // namespace
}  // namespace crossthink

PYBIND11_MODULE(_core, m) {
    using namespace crossthink;
    m.doc() = "CrossThink's C++ core. crossthink.ops is its face for tensors.";
    m.def("pack", &checked_pack, "lengths"_a, "budget"_a,
          "First-fit decreasing: bins of indices, none above the budget in sum. ValueError for a length above it.");
    m.def("isa", &isa, "Instruction set in use by the row kernels.");
    m.def("available_isas", &available_isas, "Instruction sets that this machine runs, best first.");
    m.def("use_isa", &checked_use_isa, "name"_a, "Choose an instruction set; ValueError where the machine lacks it.");
    m.def("token_logprob_forward", &forward, "logits"_a.noconvert(), "token"_a.noconvert(), "temperature"_a,
          "logp"_a.noconvert(), "entropy"_a.noconvert(), "stats"_a.noconvert(), "threads"_a,
          "Fills logp [T], entropy [T] and stats [T, 2] from logits [T, V].");
    m.def("token_logprob_backward", &backward, "logits"_a.noconvert(), "token"_a.noconvert(), "grad_logp"_a.noconvert(),
          "grad_entropy"_a.noconvert(), "entropy"_a.noconvert(), "stats"_a.noconvert(), "temperature"_a, "threads"_a,
          "Turns logits [T, V] into their gradient, in place.");
    m.def("group_advantage", &advantage, "reward"_a.noconvert(), "group"_a.noconvert(), "divide_by_std"_a, "eps"_a,
          "out"_a.noconvert(), "Fills out [N] with each reward's advantage in its group.");
    m.def("policy_loss", &loss, "logp"_a.noconvert(), "old_logp"_a.noconvert(), "advantage"_a.noconvert(),
          "mask"_a.noconvert(), "sequence"_a.noconvert(), "ref_logp"_a.noconvert(), "sampler_logp"_a.noconvert(),
          "kind"_a, "sequences"_a, "tokens"_a, "max_completion_length"_a, "clip_low"_a, "clip_high"_a, "kl_coef"_a,
          "sampler_cap"_a, "loss"_a.noconvert(), "grad"_a.noconvert(), "metrics"_a.noconvert(),
          "Fills loss [1], grad [T] and metrics [4]: kl, clip_fraction, ratio_mean, approx_kl.");
#ifdef CROSSTHINK_WITH_CUDA
    m.attr("with_cuda") = true;
    m.def("cuda_token_logprob_forward", &cuda_forward, "logits"_a, "type"_a, "token"_a, "logp"_a, "entropy"_a,
          "stats"_a, "rows"_a, "vocab"_a, "row_stride"_a, "temperature"_a, "stream"_a,
          "token_logprob_forward over device memory: addresses, and a stream's handle.");
    m.def("cuda_token_logprob_backward", &cuda_backward, "logits"_a, "type"_a, "token"_a, "grad_logp"_a,
          "grad_entropy"_a, "entropy"_a, "stats"_a, "grad_logits"_a, "rows"_a, "vocab"_a, "row_stride"_a,
          "temperature"_a, "stream"_a, "token_logprob_backward over device memory, into grad_logits.");
#else
    m.attr("with_cuda") = false;
#endif
}
