#pragma once

// What the Python faces check before a kernel runs.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <initializer_list>
#include <string>

namespace crossthink {

using Floats = pybind11::array_t<float, pybind11::array::c_style>;
using Doubles = pybind11::array_t<double, pybind11::array::c_style>;
using Ints = pybind11::array_t<int64_t, pybind11::array::c_style>;
using Bools = pybind11::array_t<bool, pybind11::array::c_style>;

[[noreturn]] inline void refuse(const std::string& message) { throw pybind11::value_error(message); }

inline void require(bool holds, const std::string& message) {
    if (!holds) refuse(message);
}

template <class Array>
void require_shape(const Array& array, const char* name, std::initializer_list<int64_t> shape) {
    bool same = array.ndim() == static_cast<pybind11::ssize_t>(shape.size());
    std::string expected;
    pybind11::ssize_t axis = 0;
    for (int64_t extent : shape) {
        same = same && array.shape(axis++) == extent;
        expected += (expected.empty() ? "" : ", ") + std::to_string(extent);
    }
    require(same, std::string(name) + " must have shape [" + expected + "]");
}

}  // namespace crossthink
