#include "kernel_cases.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>

#include "digitnet/cpu/nonzero_lists.hpp"

namespace digitnet::bench {
namespace {

using cpu::kPanel;
using std::int64_t;

int64_t padded(int64_t cols) { return (cols + kPanel - 1) / kPanel * kPanel; }

// Fixed numbers in [-1, 1): a linear congruence is random enough to keep results apart.
AlignedBuffer<float> numbers(int64_t rows, int64_t cols) {
  AlignedBuffer<float> matrix(rows * padded(cols));
  std::uint32_t state = 12345;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c) {
      state = state * 1664525U + 1013904223U;
      matrix[r * padded(cols) + c] = static_cast<float>(state >> 8) / 8388608.0F - 1;
    }
  return matrix;
}

// c = a b, panel by panel: rows x depth times depth x cols; transposed, a is stored depth x rows.
Case multiply(int64_t rows, int64_t depth, int64_t cols, bool transposed) {
  static std::vector<AlignedBuffer<float>> keep;  // the cases refer to their operands
  keep.reserve(64);
  keep.push_back(transposed ? numbers(depth, rows) : numbers(rows, depth));
  float* a = keep.back().data();
  keep.push_back(numbers(depth, cols));
  float* b = keep.back().data();
  keep.emplace_back(rows * padded(cols));
  AlignedBuffer<float>& c = keep.back();
  const int64_t a_stride = padded(transposed ? rows : depth), stride = padded(cols);
  const auto run = [=, &c](const KernelTable& table) {
    cpu::Multiply args{};
    args.rows = rows;
    args.depth = depth;
    args.a = a;
    args.a_row = transposed ? 1 : a_stride;
    args.a_depth = transposed ? a_stride : 1;
    args.b_stride = args.c_stride = stride;
    for (int64_t first = 0; first < cols; first += kPanel) {
      args.cols = std::min(kPanel, cols - first);
      args.b = b + first;
      args.c = c.data() + first;
      table.multiply(args);
    }
  };
  const double r = static_cast<double>(rows), d = static_cast<double>(depth),
               n = static_cast<double>(cols);
  const std::string shape =
      std::to_string(rows) + "x" + std::to_string(depth) + "x" + std::to_string(cols);
  return {(transposed ? "multiply a^T b " : "multiply a b ") + shape,
          2 * r * d * n,
          4 * (r * d + d * n + r * n),
          // A sum of d products below 1 in magnitude, each step rounded.
          d * 6e-8 * std::sqrt(d),
          {&c},
          run};
}

// Leaves a share `density` of the values, at random places.
void thin_out(AlignedBuffer<float>& values, double density) {
  std::uint32_t state = 54321;
  for (int64_t i = 0; i < values.size(); ++i) {
    state = state * 1664525U + 1013904223U;
    if (static_cast<double>(state >> 8) >= density * 16777216) values[i] = 0;
  }
}

template <class Run>
Case product_case(const char* kind, int64_t rows, int64_t depth, int64_t cols, double density,
                  AlignedBuffer<float>& c, const Run& run) {
  const double r = static_cast<double>(rows), k = static_cast<double>(depth),
               n = static_cast<double>(cols);
  const std::string name =
      std::string(kind) + " " + std::to_string(static_cast<int>(std::lround(100 * density))) +
      " % " + std::to_string(rows) + "x" + std::to_string(depth) + "x" + std::to_string(cols);
  return {name, 2 * r * k * n, 4 * (r * k + k * n + r * n), k * 6e-8 * std::sqrt(k), {&c}, run};
}

// c = a b, where a share `density` of a, at random places, is not zero; the non-zeros are gathered
// anew in each call, as in each batch. flop counts the zeros too, to compare with multiply.
Case sparse_multiply(int64_t rows, int64_t depth, int64_t cols, double density) {
  struct Data {
    AlignedBuffer<float> a, b, c;
    std::vector<cpu::SparseEntry> entries;
    std::vector<cpu::SparseRow> list;
  };
  static std::vector<std::shared_ptr<Data>> keep;  // the cases refer to their output
  const int64_t stride = padded(depth), panels = padded(cols) / kPanel;
  const auto data = keep.emplace_back(std::make_shared<Data>());
  data->a = numbers(rows, depth);
  data->b = numbers(panels * depth, kPanel);
  data->c = AlignedBuffer<float>(rows * padded(cols));
  data->entries.resize(static_cast<std::size_t>(rows * depth + cpu::kCompressScratch));
  data->list.resize(static_cast<std::size_t>(rows));
  thin_out(data->a, density);
  const auto run = [=, &d = *data](const KernelTable& table) {
    cpu::SparseEntry* next = d.entries.data();
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t count =
          table.compress_f32(d.a.data() + r * stride, 1, depth, 1, kPanel * sizeof(float), next);
      d.list[static_cast<std::size_t>(r)] = {next, static_cast<std::int32_t>(count),
                                             static_cast<std::int32_t>(r)};
      next += count;
    }
    table.sparse_multiply({d.list.data(), rows, panels, d.b.data(), depth * kPanel, d.c.data(),
                           kPanel, padded(cols), nullptr});
  };
  return product_case("sparse", rows, depth, cols, density, data->c, run);
}

// The same in blocks, as between the layers.
Case listed_multiply(int64_t rows, int64_t depth, int64_t cols, double density) {
  struct Data {
    AlignedBuffer<float> a, b, c;
    cpu::NonzeroLists lists;
  };
  static std::vector<std::shared_ptr<Data>> keep;
  const int64_t stride = padded(depth), panels = padded(cols) / kPanel;
  const auto data = keep.emplace_back(std::make_shared<Data>());
  data->a = numbers(rows, depth);
  data->b = numbers(panels * depth, kPanel);
  data->c = AlignedBuffer<float>(rows * padded(cols));
  data->lists = cpu::NonzeroLists(rows, depth);
  thin_out(data->a, density);
  const auto run = [=, &d = *data](const KernelTable& table) {
    d.lists.fill(table, d.a.data(), stride, rows, depth, kPanel);
    d.lists.multiply(table,
                     {panels, d.b.data(), depth * kPanel, d.c.data(), padded(cols), nullptr});
  };
  return product_case("listed", rows, depth, cols, density, data->c, run);
}

struct Operands {
  int64_t rows = 500, cols = 500, classes = 10;
  AlignedBuffer<float> z = numbers(rows, cols), a{z.size()}, mask{z.size()};
  AlignedBuffer<float> logits = numbers(rows, classes), output{logits.size()};
  AlignedBuffer<float> delta{logits.size()}, kernel = numbers(784, cols), w{kernel.size()};
  AlignedBuffer<float> gradient = numbers(784, cols), converted{500 * 800};
  std::vector<std::uint8_t> pixels = std::vector<std::uint8_t>(500 * 784);
  std::vector<std::int32_t> labels = std::vector<std::int32_t>(500);
  std::vector<double> losses = std::vector<double>(500);
};

void copy(const AlignedBuffer<float>& from, AlignedBuffer<float>& to) {
  std::copy(from.data(), from.data() + from.size(), to.data());
}

std::vector<Case> elementwise(Operands& o) {
  const int64_t hidden = padded(o.cols), narrow = padded(o.classes);
  const double n = 500 * 500, rows = 500, w = static_cast<double>(o.w.size());
  std::vector<Case> cases;
  cases.push_back({"relu 500x500", n, 8 * n, 0, {&o.a}, [&o, hidden](const KernelTable& t) {
                     t.activate(Activation::kRelu, 0, 500, 500, o.z.data(), o.a.data(), hidden);
                   }});
  Loss loss;
  loss.kind = LossKind::kSparseCategoricalCrossentropy;
  cases.push_back({"softmax cross-entropy 500x10",
                   0,
                   500 * 10 * 12.0,
                   1e-6,
                   {&o.output, &o.delta},
                   [&o, narrow, loss](const KernelTable& t) {
                     t.loss_rows({loss, true, 500, 10, o.output.data(), narrow, o.labels.data(),
                                  nullptr, 0, nullptr, 1.0F / 500, o.delta.data(), narrow,
                                  o.losses.data()});
                   },
                   [&o] { copy(o.logits, o.output); }});
  Sgd sgd;
  sgd.learning_rate = 1e-3F;
  cases.push_back({"sgd 784x500",
                   2 * w,
                   12 * w,
                   1e-6,
                   {&o.w},
                   [&o, sgd](const KernelTable& t) {
                     t.sgd(sgd, 0, o.w.size(), o.w.data(), o.gradient.data(), nullptr);
                   },
                   [&o] { copy(o.kernel, o.w); }});
  cases.push_back({"convert_u8 500x784",
                   2 * rows * 784,
                   5 * rows * 784,
                   0,
                   {&o.converted},
                   [&o](const KernelTable& t) {
                     for (int64_t r = 0; r < 500; ++r)
                       t.convert_u8(o.pixels.data() + r * 784, 1, 784, 1 / 255.0F, 0,
                                    o.converted.data() + r * 800);
                   }});
  cases.push_back(
      {"dropout_mask 500x500", 0, 4 * n, 0, {&o.mask}, [&o, hidden](const KernelTable& t) {
         t.dropout_mask({500, 500, 0.5F, 7, 3, 0, 1, o.mask.data(), hidden});
       }});
  return cases;
}

}  // namespace

std::vector<Case> kernel_cases() {
  std::vector<Case> cases;
  for (const bool transposed : {false, true}) {
    const auto shape = [&](int64_t a, int64_t b, int64_t c) {
      cases.push_back(multiply(a, b, c, transposed));
    };
    // Forward: batch x in x units. Transposed, the kernel's gradient: in x batch x units.
    transposed ? shape(784, 500, 500) : shape(500, 784, 500);
    transposed ? shape(500, 500, 10) : shape(500, 500, 10);
    transposed ? shape(2500, 500, 2000) : shape(500, 2500, 2000);
  }
  for (const double density : {0.05, 0.2, 0.5, 0.8})
    cases.push_back(sparse_multiply(500, 784, 500, density));
  for (const double density : {0.25, 0.5, 0.6, 0.7})
    cases.push_back(listed_multiply(250, 1200, 1200, density));
  static Operands operands;
  for (std::size_t i = 0; i < operands.pixels.size(); ++i)
    operands.pixels[i] = static_cast<std::uint8_t>(i * 31 % 256);
  for (std::size_t i = 0; i < operands.labels.size(); ++i)
    operands.labels[i] = static_cast<std::int32_t>(i % 10);
  for (Case& c : elementwise(operands)) cases.push_back(std::move(c));
  return cases;
}

}  // namespace digitnet::bench
