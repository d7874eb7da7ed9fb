#pragma once
// NumPy arrays in and out. Views in, never copies; a wrong dtype, rank or stride raises.

#include <pybind11/numpy.h>

#include <limits>
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

// A new matrix, its values not set. pybind11's own way asks for memory for shape and strides too.
inline FloatArray new_matrix(std::int64_t rows, std::int64_t cols) {
  const py::detail::npy_api& api = py::detail::npy_api::get();
  const Py_intptr_t shape[] = {static_cast<Py_intptr_t>(rows), static_cast<Py_intptr_t>(cols)};
  PyObject* matrix =
      api.PyArray_NewFromDescr_(api.PyArray_Type_, py::dtype::of<float>().release().ptr(), 2, shape,
                                nullptr, nullptr, 0, nullptr);
  if (matrix == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<FloatArray>(matrix);
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

// The samples in a plain array (n, *sample_shape), 0 < n < 2^31, of uint8 or float32 in C order;
// none where x is anything else, if only a subclass.
inline std::optional<Samples> plain_samples(py::handle x, const py::tuple& sample_shape) {
  if (Py_TYPE(x.ptr()) != py::detail::npy_api::get().PyArray_Type_) return std::nullopt;
  const auto array = py::reinterpret_borrow<py::array>(x);
  const bool plain = (array.flags() & py::array::c_style) != 0 && is_aligned(array) &&
                     array.ndim() == 1 + static_cast<py::ssize_t>(sample_shape.size());
  if (!plain || array.size() == 0 || array.shape(0) > std::numeric_limits<std::int32_t>::max())
    return std::nullopt;
  Samples samples;
  samples.data = array.data();
  samples.count = array.shape(0);
  samples.features = 1;
  for (py::ssize_t axis = 1; axis < array.ndim(); ++axis) {
    const auto expected = sample_shape[static_cast<std::size_t>(axis - 1)].cast<py::ssize_t>();
    if (array.shape(axis) != expected) return std::nullopt;
    samples.features *= expected;
  }
  samples.row_step = samples.features;
  if (holds<std::uint8_t>(array))
    samples.type = ElementType::kUint8;
  else if (!holds<float>(array))
    return std::nullopt;
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
