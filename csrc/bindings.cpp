// The core as a module of Python; each folder binds what it has.

#include <pybind11/pybind11.h>

namespace py = pybind11;

namespace crossthink {

void bind_batch(py::module_& m);  // batch/bindings.cpp
void bind_cpu(py::module_& m);    // cpu/bindings.cpp
void bind_text(py::module_& m);   // text/bindings.cpp
#ifdef CROSSTHINK_WITH_CUDA
void bind_cuda(py::module_& m);  // cuda/bindings.cpp
#endif

}  // namespace crossthink

PYBIND11_MODULE(_core, m) {
    using namespace crossthink;
    m.doc() = "CrossThink's C++ core. crossthink.ops is its face for tensors.";
    bind_batch(m);
    bind_cpu(m);
    bind_text(m);
#ifdef CROSSTHINK_WITH_CUDA
    m.attr("with_cuda") = true;
    bind_cuda(m);
#else
    m.attr("with_cuda") = false;
#endif
}
