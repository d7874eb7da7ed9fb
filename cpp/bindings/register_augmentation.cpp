#include <pybind11/stl.h>

#include <array>
#include <utility>

#include "arrays.hpp"
#include "digitnet/augmentation/augment.hpp"
#include "register.hpp"
#include "signals.hpp"

namespace digitnet::bindings {
namespace {

using augmentation::Range;
using Pair = std::array<double, 2>;

Range range_of(const Pair& pair) { return {pair[0], pair[1]}; }

// Memory for the result: of x's shape and type, and none that x lies in.
void* memory_for(py::array& out, const py::array& x) {
  const bool same = holds<float>(x) ? holds<float>(out) : holds<std::uint8_t>(out);
  check(same && out.ndim() == 2 && out.shape(0) == x.shape(0) && out.shape(1) == x.shape(1) &&
            (out.flags() & py::array::c_style) != 0 && is_aligned(out),
        "out must be a C-contiguous array of the shape and the dtype of x");
  const auto begins = [](const py::array& a) { return static_cast<const char*>(a.data()); };
  const auto reach = [](const py::array& a) {
    py::ssize_t before = 0, behind = a.itemsize();
    for (py::ssize_t axis = 0; axis < a.ndim(); ++axis)
      (a.strides(axis) < 0 ? before : behind) += a.strides(axis) * (a.shape(axis) - 1);
    return std::pair(before, behind);
  };
  if (x.size() > 0) {
    const auto [before, behind] = reach(x);
    check(begins(out) + out.nbytes() <= begins(x) + before || begins(x) + behind <= begins(out),
          "out must not share memory with x");
  }
  return out.mutable_data();
}

void augment_images(const py::array& x, py::array out, const std::array<std::int64_t, 3>& shape,
                    const Pair& shift, const Pair& rotation, const Pair& scale, const Pair& shear,
                    double alpha, double sigma, double fill_value, std::uint64_t seed,
                    std::uint64_t epoch) {
  const Samples images = samples_of(x);
  void* memory = memory_for(out, x);
  augmentation::Settings settings;
  settings.shift = range_of(shift);
  settings.rotation = range_of(rotation);
  settings.scale = range_of(scale);
  settings.shear = range_of(shear);
  settings.alpha = alpha;
  settings.sigma = sigma;
  settings.fill_value = fill_value;
  settings.seed = seed;
  const py::gil_scoped_release released;
  augmentation::augment(images, {shape[0], shape[1], shape[2]}, settings, epoch, memory, [] {
    park_if_finalizing();
    const py::gil_scoped_acquire held;
    throw_if_interrupted();
  });
}

}  // namespace

void register_augmentation(py::module_& m) {
  m.def("augment", &augment_images, py::arg("x"), py::arg("out"), py::arg("image_shape"),
        py::kw_only(), py::arg("shift"), py::arg("rotation"), py::arg("scale"), py::arg("shear"),
        py::arg("alpha"), py::arg("sigma"), py::arg("fill_value"), py::arg("seed"),
        py::arg("epoch"), "Writes changed copies of images (n, rows * columns * channels) to out.");
}

}  // namespace digitnet::bindings
