#include <pybind11/stl.h>

#include "kernels.hpp"

namespace digitnet::bindings {
namespace {

py::tuple sgd(const Kernels& k, const Sgd& settings, float l2, const FloatArray& w,
              const FloatArray& g, const std::optional<FloatArray>& velocity) {
  check_same_shape(w, g);
  check(velocity.has_value() == settings.has_velocity(), "velocity goes with a momentum");
  if (velocity) check_same_shape(w, *velocity);
  PaddedMatrix weights = padded(w);
  const PaddedMatrix gradient = padded(g);
  PaddedMatrix v = velocity ? padded(*velocity) : PaddedMatrix();
  const std::int64_t rows = w.shape(0), cols = w.shape(1);
  k.table.sgd(settings, l2, rows * weights.stride(), weights.row(0), gradient.row(0),
              velocity ? v.row(0) : nullptr);
  return py::make_tuple(to_array(weights, rows, cols),
                        velocity ? py::object(to_array(v, rows, cols)) : py::none());
}

py::tuple adam(const Kernels& k, float decay, float gain_1, float gain_2, float alpha,
               float epsilon, float l2, const FloatArray& w, const FloatArray& g,
               const FloatArray& m, const FloatArray& v) {
  for (const FloatArray* other : {&g, &m, &v}) check_same_shape(w, *other);
  PaddedMatrix weights = padded(w), first = padded(m), second = padded(v);
  const PaddedMatrix gradient = padded(g);
  const std::int64_t rows = w.shape(0), cols = w.shape(1);
  k.table.adam({decay, gain_1, gain_2, alpha, epsilon}, l2, rows * weights.stride(), weights.row(0),
               gradient.row(0), first.row(0), second.row(0));
  return py::make_tuple(to_array(weights, rows, cols), to_array(first, rows, cols),
                        to_array(second, rows, cols));
}

FloatArray clip(const Kernels& k, float l2, float scale, float limit, const FloatArray& w,
                const FloatArray& g) {
  check_same_shape(w, g);
  const PaddedMatrix weights = padded(w);
  PaddedMatrix gradient = padded(g);
  k.table.clip({l2, scale, limit}, w.shape(0) * weights.stride(), weights.row(0), gradient.row(0));
  return to_array(gradient, w.shape(0), w.shape(1));
}

FloatArray max_norm(const Kernels& k, float limit, const FloatArray& w) {
  check(w.ndim() == 2 && w.shape(1) <= kPanel, "w must be a matrix of at most ", kPanel,
        " columns");
  PaddedMatrix panel = padded(w);
  k.table.max_norm(w.shape(0), limit, panel.row(0));
  return to_array(panel, w.shape(0), w.shape(1));
}

}  // namespace

void register_updates(py::class_<Kernels>& kernels) {
  const py::arg l2("l2"), w("w"), g("g"), limit("limit");
  kernels.def("sgd", &sgd, py::arg("sgd"), l2, w, g, py::arg("velocity"))
      .def("adam", &adam, py::arg("decay"), py::arg("gain_1"), py::arg("gain_2"), py::arg("alpha"),
           py::arg("epsilon"), l2, w, g, py::arg("m"), py::arg("v"))
      .def("clip", &clip, l2, py::arg("scale"), limit, w, g)
      .def("max_norm", &max_norm, limit, w);
}

}  // namespace digitnet::bindings
