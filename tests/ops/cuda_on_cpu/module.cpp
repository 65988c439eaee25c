// The CUDA kernels' Python face over the kernels as C++. The head's product is made of instructions of one device and
// is not here.

#include <pybind11/pybind11.h>

#include <stdexcept>

#include "cuda/head.h"

namespace crossthink {

void bind_cuda(pybind11::module_& m);

void cuda_head(const CudaHead&, void*) { throw std::logic_error("the head's product needs its device"); }

}  // namespace crossthink

PYBIND11_MODULE(cuda_on_cpu, m) { crossthink::bind_cuda(m); }
