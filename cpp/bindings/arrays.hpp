#pragma once
// NumPy arrays in and out. Views in, never copies; a wrong dtype, rank or stride raises.

#include <pybind11/numpy.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitnet/dataset.hpp"
#include "digitnet/error.hpp"
#include "digitnet/network.hpp"

namespace digitnet::bindings {

namespace py = pybind11;

using FloatArray = py::array_t<float>;

template <class T>
bool holds(const py::array& array) {
  return py::isinstance<py::array_t<T>>(array);
}

inline bool is_aligned(const py::array& array) {
  return (array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) != 0;
}

// Strides in elements; throws where they are not whole elements (packed structures).
inline std::int64_t step_of(const py::array& array, int axis, std::string_view name) {
  const py::ssize_t bytes = array.strides(axis), size = array.itemsize();
  check(bytes % size == 0, name, " must have strides that are whole elements, got ", bytes,
        " bytes on axis ", axis);
  return bytes / size;
}

inline Samples samples_of(const py::array& x) {
  check(x.ndim() == 2, "x must have 2 dimensions, got ", x.ndim());
  if (!holds<std::uint8_t>(x) && !holds<float>(x))
    throw py::type_error("x must be uint8 or float32, got " +
                         py::str(x.dtype()).cast<std::string>());
  check(is_aligned(x), "x must be aligned");
  Samples samples;
  samples.type = holds<float>(x) ? ElementType::kFloat32 : ElementType::kUint8;
  samples.data = x.data();
  samples.count = x.shape(0);
  samples.features = x.shape(1);
  samples.row_step = step_of(x, 0, "x");
  samples.feature_step = step_of(x, 1, "x");
  return samples;
}

// A C-contiguous float32 matrix, as a view.
inline MatrixView<const float> matrix_of(const py::array& array, std::string_view name) {
  check(holds<float>(array) && array.ndim() == 2 && (array.flags() & py::array::c_style) != 0 &&
            is_aligned(array),
        name, " must be a C-contiguous float32 matrix");
  return {static_cast<const float*>(array.data()), array.shape(0), array.shape(1), array.shape(1)};
}

// A C-contiguous vector of T with the given length, as a pointer.
template <class T>
const T* vector_of(const py::array& array, std::int64_t length, std::string_view name) {
  check(holds<T>(array) && array.ndim() == 1 && (array.flags() & py::array::c_style) != 0 &&
            is_aligned(array),
        name, " must be a C-contiguous vector of ",
        py::str(py::dtype::of<T>()).template cast<std::string>());
  check(array.shape(0) == length, name, " must have length ", length, ", got ", array.shape(0));
  return static_cast<const T*>(array.data());
}

// y: int32 labels (n,) or float32 targets (n, outputs).
inline Dataset dataset_of(const Samples& x, const py::array& y,
                          const std::optional<py::array>& sample_weight) {
  Dataset data;
  data.x = x;
  if (holds<std::int32_t>(y))
    data.labels = vector_of<std::int32_t>(y, data.x.count, "y");
  else
    data.targets = matrix_of(y, "y");
  if (sample_weight) data.weights = vector_of<float>(*sample_weight, data.x.count, "sample_weight");
  return data;
}

template <class Names>
std::vector<std::string> names_of(const Names& names) {
  return {names.begin(), names.end()};
}

// The enumerator that a name stands for; kind says what it names, for the error.
template <class Enum, class Names>
Enum enum_of(const Names& names, std::string_view name, std::string_view kind) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<Enum>(i);
  throw std::invalid_argument(sentence("unknown ", kind, " '", name, "'"));
}

}  // namespace digitnet::bindings
