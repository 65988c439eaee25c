#pragma once

#include <pybind11/pybind11.h>

namespace crossthink {

// Adds the text core to the module.
void bind_text(pybind11::module_& m);

}  // namespace crossthink
