// The Python face of the CUDA kernels. Device tensors come as addresses (0: none) with a stream's handle: whoever calls
// has checked their shapes, dtypes, device and strides.

#include <pybind11/stl.h>

#include "checks.h"
#include "cuda/head.h"
#include "cuda/logprob.h"
#include "cuda/policy.h"
#include "cuda/runs.h"
#include "cuda/scale.h"

namespace py = pybind11;
using py::literals::operator""_a;

namespace crossthink {
namespace {

using Address = uintptr_t;

template <class T>
T* at(Address address) {
    return reinterpret_cast<T*>(address);
}

FloatType float_type(const std::string& name) {
    if (name == "float32") return FloatType::kFloat32;
    if (name == "bfloat16") return FloatType::kBFloat16;
    require(name == "float16", "logits must be float32, bfloat16 or float16, got " + name);
    return FloatType::kFloat16;
}

void forward(Address logits, const std::string& type, Address token, Address logp, Address entropy, Address stats,
             int64_t rows, int64_t vocab, int64_t row_stride, double temperature, Address stream) {
    const CudaLogprobForward p{at<const void>(logits),
                               float_type(type),
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

void backward(Address logits, const std::string& type, Address token, Address grad_logp, Address grad_entropy,
              Address entropy, Address stats, Address grad_logits, const std::string& grad_type, int64_t rows,
              int64_t vocab, int64_t row_stride, int64_t grad_row_stride, double temperature, Address stream) {
    const CudaLogprobBackward p{at<const void>(logits),
                                float_type(type),
                                at<const int64_t>(token),
                                at<const float>(grad_logp),
                                at<const float>(grad_entropy),
                                at<const float>(entropy),
                                at<const float>(stats),
                                at<void>(grad_logits),
                                float_type(grad_type),
                                rows,
                                vocab,
                                row_stride,
                                grad_row_stride,
                                static_cast<float>(1 / temperature)};
    py::gil_scoped_release unlocked;
    cuda_token_logprob_backward(p, at<void>(stream));
}

void advantage(Address reward, Address group, int64_t n, bool divide_by_std, double eps, Address out, Address stream) {
    const GroupAdvantage p{at<const float>(reward), at<const int64_t>(group), at<float>(out), n, divide_by_std, eps};
    py::gil_scoped_release unlocked;
    cuda_group_advantage(p, at<void>(stream));
}

void means(Address mask, Address sequence, Address x, Address count, Address mean, Address active, Address share,
           int64_t n, Address stream) {
    const SequenceMeans p{at<const bool>(mask), at<const int64_t>(sequence),
                          at<const float>(x),   at<float>(count),
                          at<float>(mean),      at<int>(active),
                          at<double>(share),    n};
    py::gil_scoped_release unlocked;
    cuda_sequence_means(p, at<void>(stream));
}

void terms(const LossOptions& options, Address logp, Address old_logp, Address log_ratio, Address advantages,
           Address scale, Address count, Address mask, Address ref_logp, Address sampler_logp, Address grad,
           Address parts, int64_t n, Address stream) {
    const PolicyColumns columns{at<const float>(logp),         at<const float>(old_logp),
                                at<const float>(log_ratio),    at<const float>(advantages),
                                at<const double>(scale),       at<const float>(count),
                                at<const bool>(mask),          at<const float>(ref_logp),
                                at<const float>(sampler_logp), n};
    py::gil_scoped_release unlocked;
    cuda_policy_terms(options, columns, at<float>(grad), at<float>(parts), at<void>(stream));
}

void results(Address parts, int64_t blocks, Address loss, Address means, Address stream) {
    py::gil_scoped_release unlocked;
    cuda_policy_results(at<const float>(parts), blocks, at<float>(loss), at<float>(means), at<void>(stream));
}

void scale(Address x, const std::string& type, Address by, int64_t n, Address stream) {
    const CudaScale p{at<void>(x), float_type(type), at<const float>(by), n};
    py::gil_scoped_release unlocked;
    cuda_scale(p, at<void>(stream));
}

void head(Address hidden, Address weight, Address bias, Address token, Address tiles, Address chosen, Address exps,
          int64_t rows, int64_t vocab, int64_t width, int64_t hidden_stride, int64_t weight_stride, int64_t exps_stride,
          double temperature, Address stream) {
    const CudaHead p{at<const void>(hidden),
                     at<const void>(weight),
                     at<const float>(bias),
                     at<const int64_t>(token),
                     at<HeadTile>(tiles),
                     at<float>(chosen),
                     at<void>(exps),
                     rows,
                     vocab,
                     width,
                     cuda_head_tiles(vocab),
                     hidden_stride,
                     weight_stride,
                     exps_stride,
                     static_cast<float>(1 / temperature)};
    py::gil_scoped_release unlocked;
    cuda_head(p, at<void>(stream));
}

void head_rows(Address tiles, Address chosen, Address token, Address logp, Address entropy, Address stats, int64_t rows,
               int64_t vocab, double temperature, Address stream) {
    const CudaHeadRows p{at<const HeadTile>(tiles),
                         at<const float>(chosen),
                         at<const int64_t>(token),
                         at<float>(logp),
                         at<float>(entropy),
                         at<float>(stats),
                         rows,
                         vocab,
                         cuda_head_tiles(vocab),
                         static_cast<float>(1 / temperature)};
    py::gil_scoped_release unlocked;
    cuda_head_rows(p, at<void>(stream));
}

void head_gradient(Address exps, Address tiles, Address token, Address grad_logp, Address grad_entropy, Address logp,
                   Address entropy, Address stats, int64_t rows, int64_t vocab, int64_t exps_stride, double temperature,
                   Address stream) {
    const CudaHeadGradient p{at<void>(exps),
                             at<const HeadTile>(tiles),
                             at<const int64_t>(token),
                             at<const float>(grad_logp),
                             at<const float>(grad_entropy),
                             at<const float>(logp),
                             at<const float>(entropy),
                             at<const float>(stats),
                             rows,
                             vocab,
                             cuda_head_tiles(vocab),
                             exps_stride,
                             static_cast<float>(1 / temperature)};
    py::gil_scoped_release unlocked;
    cuda_head_gradient(p, at<void>(stream));
}

}  // namespace

void bind_cuda(py::module_& m) {
    m.def("cuda_token_logprob_forward", &forward, "logits"_a, "type"_a, "token"_a, "logp"_a, "entropy"_a, "stats"_a,
          "rows"_a, "vocab"_a, "row_stride"_a, "temperature"_a, "stream"_a, "token_logprob_forward on the device.");
    m.def("cuda_token_logprob_backward", &backward, "logits"_a, "type"_a, "token"_a, "grad_logp"_a, "grad_entropy"_a,
          "entropy"_a, "stats"_a, "grad_logits"_a, "grad_type"_a, "rows"_a, "vocab"_a, "row_stride"_a,
          "grad_row_stride"_a, "temperature"_a, "stream"_a, "token_logprob_backward on the device, into grad_logits.");
    m.def("cuda_group_advantage", &advantage, "reward"_a, "group"_a, "n"_a, "divide_by_std"_a, "eps"_a, "out"_a,
          "stream"_a, "group_advantage on the device.");
    m.def("cuda_sequence_means", &means, "mask"_a, "sequence"_a, "x"_a, "count"_a, "mean"_a, "active"_a, "share"_a,
          "n"_a, "stream"_a, "sequence_means on the device.");
    m.def("cuda_run_blocks", &cuda_run_blocks, "n"_a, "Numbers in cuda_sequence_means' active.");
    m.def("cuda_scale", &scale, "x"_a, "type"_a, "by"_a, "n"_a, "stream"_a, "x [n] *= by [1] on the device.");
    m.def("cuda_head_tiles", &cuda_head_tiles, "vocab"_a, "Tiles of a row in cuda_head's results, 16 bytes each.");
    m.def("cuda_head", &head, "hidden"_a, "weight"_a, "bias"_a, "token"_a, "tiles"_a, "chosen"_a, "exps"_a, "rows"_a,
          "vocab"_a, "width"_a, "hidden_stride"_a, "weight_stride"_a, "exps_stride"_a, "temperature"_a, "stream"_a,
          "The head's product on a device of capability 9.0: sums of each row's tiles, and its exponentials.");
    m.def("cuda_head_rows", &head_rows, "tiles"_a, "chosen"_a, "token"_a, "logp"_a, "entropy"_a, "stats"_a, "rows"_a,
          "vocab"_a, "temperature"_a, "stream"_a, "Log-prob and entropy from cuda_head's sums.");
    m.def("cuda_head_gradient", &head_gradient, "exps"_a, "tiles"_a, "token"_a, "grad_logp"_a, "grad_entropy"_a,
          "logp"_a, "entropy"_a, "stats"_a, "rows"_a, "vocab"_a, "exps_stride"_a, "temperature"_a, "stream"_a,
          "cuda_head's exponentials turned into the gradient of the logits, in place.");
    m.def("cuda_policy_blocks", &cuda_policy_blocks, "n"_a, "Rows of cuda_policy_terms' parts.");
    m.def("cuda_policy_terms", &terms, "options"_a, "logp"_a, "old_logp"_a, "log_ratio"_a, "advantage"_a, "scale"_a,
          "count"_a, "mask"_a, "ref_logp"_a, "sampler_logp"_a, "grad"_a, "parts"_a, "n"_a, "stream"_a,
          "policy_terms on the device; parts [blocks, 6] are to be added up.");
    m.def("cuda_policy_results", &results, "parts"_a, "blocks"_a, "loss"_a, "means"_a, "stream"_a,
          "Loss [1] and means [4] of cuda_policy_terms' parts.");
}

}  // namespace crossthink
