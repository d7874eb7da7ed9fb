#include <pybind11/stl.h>

#include "constructor.hpp"
#include "csr.hpp"
#include "register.hpp"
#include "watched.hpp"

namespace digitnet::bindings {
namespace {

Csr make_csr(py::array data, py::array indices, py::array indptr, std::int64_t rows,
             std::int64_t features, const std::string& name) {
  return {std::move(data), std::move(indices), std::move(indptr), rows, features, name};
}

}  // namespace

void register_data(py::module_& m) {
  py::class_<Csr>(m, "Csr", "Samples (rows, features) in compressed sparse rows.")
      .def("__init__", initializer(&make_csr), kNewStyle, py::arg("data"), py::arg("indices"),
           py::arg("indptr"), py::arg("rows"), py::arg("features"), py::arg("name"))
      .def_property_readonly("canonical", &Csr::canonical)
      .def("__len__", &Csr::rows)
      .def(
          "__getitem__",
          [](const Csr& self, const py::slice& rows) {
            py::ssize_t begin = 0, end = 0, step = 1, count = 0;
            if (!rows.compute(self.rows(), &begin, &end, &step, &count))
              throw py::error_already_set();
            check(step == 1, "rows must be neighbours, in their order, got step ", step);
            return self.part(begin, begin + count);
          },
          py::arg("rows"));
  m.def(
      "first_nonfinite",
      [](const Input& x) {
        const Samples samples = samples_of(x);
        const py::gil_scoped_release released;
        if (samples.is_csr()) check_csr(samples, "x");
        return first_nonfinite_watched(samples);
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
