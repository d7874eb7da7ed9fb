#pragma once
// Parameters as Python has them: [kernel, bias, kernel, bias, ...], without the bias where a layer
// has none.

#include <algorithm>
#include <string_view>
#include <vector>

#include "arrays.hpp"

namespace digitnet::bindings {

inline py::array copy_of(const std::vector<float>& values, std::vector<py::ssize_t> shape) {
  FloatArray array(std::move(shape));
  std::copy(values.begin(), values.end(), array.mutable_data());
  return array;
}

inline py::list to_list(const Parameters& parameters) {
  py::list list;
  for (const DenseParameters& dense : parameters) {
    list.append(copy_of(dense.kernel, {dense.in, dense.units}));
    if (!dense.bias.empty()) list.append(copy_of(dense.bias, {dense.units}));
  }
  return list;
}

inline void fill_from(const py::array& array, std::vector<py::ssize_t> shape,
                      std::vector<float>& values, std::string_view what) {
  check(holds<float>(array) && (array.flags() & py::array::c_style) != 0 && is_aligned(array), what,
        " must be C-contiguous float32 arrays");
  check(std::equal(shape.begin(), shape.end(), array.shape(), array.shape() + array.ndim()), what,
        " must have shape ", py::str(py::cast(shape)).cast<std::string>(), " here, got ",
        py::str(array.attr("shape")).cast<std::string>());
  std::copy_n(static_cast<const float*>(array.data()), values.size(), values.begin());
}

inline Parameters from_list(const Network& network, const std::vector<py::array>& list,
                            std::string_view what) {
  Parameters parameters = network.zero_parameters();
  std::size_t next = 0;
  const auto take = [&](std::vector<py::ssize_t> shape, std::vector<float>& values) {
    check(next < list.size(), what, " must hold more than ", list.size(), " arrays");
    fill_from(list[next++], std::move(shape), values, what);
  };
  for (DenseParameters& dense : parameters) {
    take({dense.in, dense.units}, dense.kernel);
    if (!dense.bias.empty()) take({dense.units}, dense.bias);
  }
  check(next == list.size(), what, " must hold ", next, " arrays, got ", list.size());
  return parameters;
}

}  // namespace digitnet::bindings
