#include <pybind11/stl.h>

#include "arrays.hpp"
#include "digitnet/initializer.hpp"
#include "digitnet/random.hpp"
#include "register.hpp"

namespace digitnet::bindings {
namespace {

FloatArray make_initial(const std::string& name, std::int64_t rows, std::int64_t cols,
                        std::int64_t fan_in, std::int64_t fan_out, double a, double b,
                        std::uint64_t seed) {
  InitializerSettings settings;
  settings.kind = enum_of<Initializer>(kInitializerNames, name, "initializer");
  settings.fan_in = fan_in;
  settings.fan_out = fan_out;
  settings.a = a;
  settings.b = b;
  settings.seed = seed;
  check(rows >= 0 && cols >= 0 && rows < (std::int64_t{1} << 31) && cols < (std::int64_t{1} << 31),
        "rows and cols must be in [0, 2^31), got ", rows, " and ", cols);
  FloatArray values({rows, cols});
  float* data = values.mutable_data();
  const py::gil_scoped_release released;
  initialize(settings, rows * cols, data);
  return values;
}

}  // namespace

void register_initializer(py::module_& m) {
  m.attr("INITIALIZERS") = names_of(kInitializerNames);
  m.def("initialize", &make_initial, py::arg("name"), py::arg("rows"), py::arg("cols"),
        py::arg("fan_in"), py::arg("fan_out"), py::arg("a"), py::arg("b"), py::arg("seed"),
        "Initial values of shape (rows, cols); a and b are the settings of the distribution.");
  m.def("philox", &philox, py::arg("seed"), py::arg("counter"),
        "One block of Philox 4x32-10: four 32-bit words of (seed, counter).");
  m.def("shuffled_order", &shuffled_order, py::arg("count"), py::arg("seed"), py::arg("epoch"),
        "The order in which an epoch visits its samples.");
}

}  // namespace digitnet::bindings
