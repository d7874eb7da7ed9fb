#include <pybind11/stl.h>

#include "arrays.hpp"
#include "register.hpp"

namespace digitnet::bindings {

void register_data(py::module_& m) {
  m.def(
      "first_nonfinite",
      [](const py::array& x) {
        const Samples samples = samples_of(x);
        const py::gil_scoped_release released;
        return first_nonfinite(samples);
      },
      py::arg("x"), "Position (row, column) of the first NaN or infinity, or None.");
  m.def(
      "first_label_outside",
      [](const py::array& labels, std::int64_t classes) {
        const std::int64_t count = labels.ndim() == 1 ? labels.shape(0) : -1;
        return first_label_outside(vector_of<std::int32_t>(labels, count, "labels"), count,
                                   classes);
      },
      py::arg("labels"), py::arg("classes"),
      "Position of the first label outside [0, classes), or None.");
}

}  // namespace digitnet::bindings
