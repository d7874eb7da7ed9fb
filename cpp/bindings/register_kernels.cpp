#include <pybind11/stl.h>

#include <algorithm>
#include <array>

#include "constructor.hpp"
#include "kernels.hpp"
#include "register.hpp"

namespace digitnet::bindings {
namespace {

FloatArray convert(const Kernels& k, const py::array& x, float scale, float offset) {
  const Samples s = samples_of(x);
  PaddedMatrix result(s.count, s.features);
  for (std::int64_t r = 0; r < s.count; ++r) {
    const std::int64_t at = r * s.row_step;
    if (s.type == ElementType::kUint8)
      k.table.convert_u8(static_cast<const std::uint8_t*>(s.data) + at, s.feature_step, s.features,
                         scale, offset, result.row(r));
    else
      k.table.convert_f32(static_cast<const float*>(s.data) + at, s.feature_step, s.features, scale,
                          offset, result.row(r));
  }
  return to_array(result, s.count, s.features);
}

FloatArray activate(const Kernels& k, const std::string& activation, float alpha,
                    const FloatArray& z) {
  const PaddedMatrix in = padded(z);
  PaddedMatrix out(z.shape(0), z.shape(1));
  k.table.activate(enum_of<Activation>(kActivationNames, activation, "activation"), alpha,
                   z.shape(0), z.shape(1), in.row(0), out.row(0), in.stride());
  return to_array(out, z.shape(0), z.shape(1));
}

FloatArray activate_backward(const Kernels& k, const std::string& activation, float alpha,
                             const FloatArray& z, const FloatArray& a, const FloatArray& da) {
  check_same_shape(z, a);
  check_same_shape(z, da);
  const PaddedMatrix pre = padded(z), post = padded(a);
  PaddedMatrix d = padded(da);
  k.table.activate_backward(enum_of<Activation>(kActivationNames, activation, "activation"), alpha,
                            z.shape(0), z.shape(1), pre.row(0), post.row(0), post.stride(),
                            d.row(0), d.stride());
  return to_array(d, z.shape(0), z.shape(1));
}

py::tuple loss_rows(const Kernels& k, const Loss& loss, bool fused, const FloatArray& output,
                    const py::array& targets, const std::optional<py::array>& weights,
                    float scale) {
  PaddedMatrix y = padded(output);
  const std::int64_t rows = output.shape(0), cols = output.shape(1);
  PaddedMatrix delta(rows, cols);
  py::array_t<double> row_loss(rows);
  cpu::LossRows args{};
  args.loss = loss;
  args.fused = fused;
  args.rows = rows;
  args.cols = cols;
  args.output = y.row(0);
  args.output_stride = y.stride();
  if (loss.takes_labels()) {
    args.labels = vector_of<std::int32_t>(targets, rows, "targets");
    check(!first_label_outside(args.labels, rows, cols), "labels must lie in [0, ", cols, ")");
  } else {
    const MatrixView<const float> matrix = matrix_of(targets, "targets");
    check(matrix.rows == rows && matrix.cols == cols, "targets must have the shape of the output");
    args.targets = matrix.data;
    args.targets_stride = matrix.stride;
  }
  args.weights = weights ? vector_of<float>(*weights, rows, "weights") : nullptr;
  args.scale = scale;
  args.delta = delta.row(0);
  args.delta_stride = delta.stride();
  args.row_loss = row_loss.mutable_data();
  k.table.loss_rows(args);
  return py::make_tuple(row_loss, to_array(delta, rows, cols), to_array(y, rows, cols));
}

FloatArray dropout_mask(const Kernels& k, std::int64_t rows, std::int64_t cols, float rate,
                        std::uint64_t seed, std::uint64_t iteration, std::uint32_t first_row,
                        std::uint32_t layer) {
  check(rate >= 0 && rate < 1, "rate must be in [0, 1), got ", rate);
  PaddedMatrix mask(rows, cols);
  k.table.dropout_mask(
      {rows, cols, rate, seed, iteration, first_row, layer, mask.row(0), mask.stride()});
  return to_array(mask, rows, cols);
}

FloatArray product(const Kernels& k, const FloatArray& x, const FloatArray& y) {
  check_same_shape(x, y);
  const PaddedMatrix left = padded(x), right = padded(y);
  PaddedMatrix out(x.shape(0), x.shape(1));
  k.table.product(x.shape(0), x.shape(1), left.row(0), right.row(0), out.row(0), out.stride());
  return to_array(out, x.shape(0), x.shape(1));
}

FloatArray sum_rows(const Kernels& k, const FloatArray& d) {
  const PaddedMatrix in = padded(d);
  PaddedMatrix sums(1, d.shape(1));
  k.table.sum_rows(d.shape(0), d.shape(1), in.row(0), in.stride(), sums.row(0));
  return to_array(sums, 1, d.shape(1));
}

Kernels make_kernels(const std::string& isa) { return {cpu::kernels_for(isa)}; }

double sum_squares(const Kernels& k, const FloatArray& w) {
  const PaddedMatrix in = padded(w);
  return k.table.sum_squares(w.shape(0) * in.stride(), in.row(0));
}

py::tuple noise(const Kernels& k, std::uint64_t seed, const std::array<std::uint32_t, 4>& counter,
                std::int64_t count) {
  PaddedMatrix low(1, count + 64), high(1, count + 64);
  const auto [first, second, third, fourth] = counter;
  k.table.noise({seed, {first, second, third, fourth}, count, low.row(0), high.row(0)});
  return py::make_tuple(to_array(low, 1, count), to_array(high, 1, count));
}

FloatArray filter(const Kernels& k, const FloatArray& weights, const FloatArray& x,
                  std::int64_t step, std::int64_t cols) {
  const std::int64_t taps = weights.size(), stride = (cols + cpu::kPanel - 1) / cpu::kPanel;
  check(weights.ndim() == 1 && x.ndim() == 1 && taps > 0 && step >= 0 && cols >= 0 &&
            (taps - 1) * step + stride * cpu::kPanel <= x.size(),
        "x must hold what the sums read");
  PaddedMatrix out(1, cols);
  k.table.filter({weights.data(), taps, x.data(), step, cols, out.row(0)});
  return to_array(out, 1, cols);
}

}  // namespace

void register_kernels(py::module_& m) {
  const py::arg activation("activation"), alpha("alpha"), z("z"), x("x"), rate("rate");
  const py::arg weights("weights"), scale("scale");
  py::class_<Kernels> kernels(m, "KernelTable",
                              "One instruction set's kernels, for tests and micro-benchmarks.");
  register_products(kernels);
  register_updates(kernels);
  kernels.def("__init__", initializer(&make_kernels), kNewStyle, py::arg("isa"))
      .def_property_readonly("name", [](const Kernels& k) { return std::string(k.table.name); })
      .def("convert", &convert, x, scale, py::arg("offset"))
      .def("activate", &activate, activation, alpha, z)
      .def("activate_backward", &activate_backward, activation, alpha, z, py::arg("a"),
           py::arg("da"))
      .def("loss_rows", &loss_rows, py::arg("loss"), py::arg("fused"), py::arg("output"),
           py::arg("targets"), weights, scale)
      .def("dropout_mask", &dropout_mask, py::arg("rows"), py::arg("cols"), rate, py::arg("seed"),
           py::arg("iteration"), py::arg("first_row"), py::arg("layer"))
      .def("noise", &noise, py::arg("seed"), py::arg("counter"), py::arg("count"))
      .def("filter", &filter, py::arg("weights"), x, py::arg("step"), py::arg("cols"))
      .def("product", &product, x, py::arg("y"))
      .def("sum_rows", &sum_rows, py::arg("d"))
      .def("sum_squares", &sum_squares, py::arg("w"));
}

}  // namespace digitnet::bindings
