#include <pybind11/stl.h>

#include "digitnet/cpu/nonzero_lists.hpp"
#include "digitnet/cpu/parameter_panels.hpp"
#include "kernels.hpp"

namespace digitnet::bindings {
namespace {

using cpu::kPanelRowBytes;
using cpu::SparseEntry;
using cpu::SparseRow;

constexpr float kUntouched = 12345.0F;

// The panel of c from column `at` on: behind its `cols` columns nothing but what the contract of
// multiply allows, zeros as far as it may write, since the padding of b and bias is zero here.
void check_padding(PaddedMatrix& c, std::int64_t rows, std::int64_t at, std::int64_t cols) {
  const std::int64_t writable = cols > kPanel / 2 ? kPanel : kPanel / 2;
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t j = cols; j < kPanel; ++j) {
      const float found = c.row(r)[at + j];
      check(found == kUntouched || (found == 0 && j < writable), "the product wrote ", found,
            " into column ", j, " of a panel of ", cols);
    }
}

void check_depths(const FloatArray& b, std::int64_t depth) {
  check(b.shape(0) == depth, "a and b must agree in depth, got ", depth, " and ", b.shape(0));
}

void check_bias(const std::optional<FloatArray>& bias, std::int64_t cols) {
  check(!bias || (bias->ndim() == 1 && bias->size() == cols), "bias must have shape (", cols, ",)");
}

// (1, cols): the bias, or zeros.
PaddedMatrix padded_bias(const std::optional<FloatArray>& bias, std::int64_t cols) {
  check_bias(bias, cols);
  PaddedMatrix start(1, cols);
  if (bias) std::copy_n(bias->data(), cols, start.row(0));
  return start;
}

FloatArray multiply(const Kernels& k, const FloatArray& a, const FloatArray& b,
                    const std::optional<FloatArray>& bias, bool transpose_a) {
  const PaddedMatrix left = padded(a), right = padded(b);
  const std::int64_t rows = a.shape(transpose_a ? 1 : 0), depth = a.shape(transpose_a ? 0 : 1);
  const std::int64_t cols = b.shape(1);
  check_depths(b, depth);
  const PaddedMatrix start = padded_bias(bias, cols);
  PaddedMatrix result(rows, cols);
  for (std::int64_t r = 0; r < rows; ++r) std::fill_n(result.row(r), result.stride(), kUntouched);
  for (std::int64_t at = 0; at < cols; at += kPanel) {
    const std::int64_t panel_cols = std::min(kPanel, cols - at);
    k.table.multiply({rows, panel_cols, depth, left.row(0), transpose_a ? 1 : left.stride(),
                      transpose_a ? left.stride() : 1, right.row(0) + at, right.stride(),
                      result.row(0) + at, result.stride(), bias ? start.row(0) + at : nullptr});
    check_padding(result, rows, at, panel_cols);
  }
  return to_array(result, rows, cols);
}

// The non-zeros of row r of a, written by the kernel under test.
std::int64_t compress_row(const Kernels& k, const Samples& a, std::int64_t r, SparseEntry* out) {
  const std::int64_t at = r * a.row_step;
  return a.type == ElementType::kUint8
             ? k.table.compress_u8(static_cast<const std::uint8_t*>(a.data) + at, a.feature_step,
                                   a.features, 1.0F, kPanelRowBytes, out)
             : k.table.compress_f32(static_cast<const float*>(a.data) + at, a.feature_step,
                                    a.features, 1.0F, kPanelRowBytes, out);
}

// a b + bias; or, given w, its step of descent w - rate a b
FloatArray sparse_multiply(const Kernels& k, const py::array& a, const FloatArray& b,
                           const std::optional<FloatArray>& bias,
                           const std::optional<FloatArray>& w, float rate) {
  const Samples left = samples_of(a);
  check(b.ndim() == 2 && b.shape(0) == left.features, "a and b must agree in depth");
  const std::int64_t rows = left.count, depth = left.features, cols = b.shape(1);
  check_bias(bias, cols);
  Layer shape;
  shape.in = depth;
  shape.units = cols;
  DenseParameters values{depth, cols, {b.data(), b.data() + b.size()}, {}};
  if (bias) values.bias.assign(bias->data(), bias->data() + cols);
  cpu::ParameterPanels panels(shape);
  panels.pack(values);
  std::vector<SparseEntry> entries(
      static_cast<std::size_t>(rows * (depth + cpu::kCompressScratch)));
  std::vector<SparseRow> list;
  for (std::int64_t r = 0; r < rows; ++r) {
    SparseEntry* at = entries.data() + r * (depth + cpu::kCompressScratch);
    list.push_back({at, static_cast<std::int32_t>(compress_row(k, left, r, at)),
                    static_cast<std::int32_t>(r)});
  }
  check(!w || (w->ndim() == 2 && w->shape(0) == rows && w->shape(1) == cols && !bias),
        "w must have shape (", rows, ", ", cols, ") and goes without a bias");
  PaddedMatrix result = w ? padded(*w) : PaddedMatrix(rows, cols);
  k.table.sparse_multiply({list.data(), rows, panels.panels(), panels.kernel(0), depth * kPanel,
                           result.row(0), kPanel, result.stride(), w ? nullptr : panels.bias(0),
                           w.has_value(), rate});
  return to_array(result, rows, cols);
}

// a b + bias by NonzeroLists, for b row by row as samples lie.
FloatArray listed_multiply(const Kernels& k, const FloatArray& a, const FloatArray& b,
                           const std::optional<FloatArray>& bias) {
  const PaddedMatrix left = padded(a), right = padded(b);
  const std::int64_t rows = a.shape(0), depth = a.shape(1), cols = b.shape(1);
  check_depths(b, depth);
  const PaddedMatrix start = padded_bias(bias, cols);
  PaddedMatrix result(rows, cols);
  cpu::NonzeroLists lists(rows, depth);
  lists.fill(k.table, left.row(0), left.stride(), rows, depth, right.stride());
  lists.multiply(k.table, {cpu::round_up(cols, kPanel) / kPanel, right.row(0), kPanel,
                           result.row(0), result.stride(), bias ? start.row(0) : nullptr});
  return to_array(result, rows, cols);
}

FloatArray transpose(const Kernels& k, const FloatArray& x) {
  const PaddedMatrix source = padded(x);
  const std::int64_t rows = x.shape(0), cols = x.shape(1);
  check(rows <= kPanel && cols <= kPanel, "x must be at most ", kPanel, " by ", kPanel);
  PaddedMatrix result(cols, rows);
  k.table.transpose(source.row(0), source.stride(), rows, cols, result.row(0), result.stride());
  return to_array(result, cols, rows);  // NOLINT(readability-suspicious-call-argument): turned over
}

}  // namespace

void register_products(py::class_<Kernels>& kernels) {
  const py::arg a("a"), b("b");
  kernels
      .def("multiply", &multiply, a, b, py::arg("bias") = py::none(),
           py::arg("transpose_a") = false)
      .def("sparse_multiply", &sparse_multiply, a, b, py::arg("bias") = py::none(),
           py::arg("w") = py::none(), py::arg("rate") = 0.0F)
      .def("listed_multiply", &listed_multiply, a, b, py::arg("bias") = py::none())
      .def("transpose", &transpose, py::arg("x"));
}

}  // namespace digitnet::bindings
