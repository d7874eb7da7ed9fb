#pragma once
// The three products of a dense layer, a tile at a time, with what is done to their sums on the
// spot.

#include "digitnet/cuda/plugin/descent.cuh"
#include "digitnet/cuda/plugin/formulas.cuh"
#include "digitnet/cuda/plugin/product.cuh"

namespace digitnet::cuda {

DIGITNET_DEVICE int64_t parts(int64_t count, int64_t size) { return (count + size - 1) / size; }

// Where a launch is: the step, and its rows of the run.
struct Place {
  const StepArguments& arguments;
  int64_t first_row, rows;
  std::uint64_t iteration;
  float* shared;
};

// What a forward or gradient product reads: the layer's input, or the samples.
DIGITNET_DEVICE Operand input_operand(const Op& op, const Place& place, bool along_depth) {
  if (op.x.data != nullptr) return matrix_operand(op.x, place.rows, op.in, along_depth);
  return sample_operand(place.arguments.samples, place.first_row, place.rows, op.in, along_depth);
}

// A product's shape and factors.
struct Product {
  int64_t rows, cols, depth;
  Operand a, b;
};

DIGITNET_DEVICE Product product_of(const Op& op, const Place& place) {
  const int64_t batch = place.rows, in = op.in, out = op.out;
  switch (op.kind) {
    case OpKind::kForward:  // x kernel
      return {batch, out, in, input_operand(op, place, true),
              matrix_operand(op.kernel, in, out, false)};
    case OpKind::kBackward:  // delta kernel^T
      return {batch, in, out, matrix_operand(op.delta, batch, out, true),
              matrix_operand(op.kernel, in, out, true)};
    default:  // x^T delta
      return {in, out, batch, input_operand(op, place, false),
              matrix_operand(op.delta, batch, out, false)};
  }
}

// Adds up the columns of delta while its slices pass by: one chain each, as on the CPU.
template <int kCols>
struct BiasSums {
  bool wanted;
  float sum;

  DIGITNET_DEVICE void watch(const float* slice, int depths) {
    if (!wanted || thread_index() >= kCols) return;
    for (int k = 0; k < depths; ++k) sum = plus(sum, slice[SliceOf<kCols>::at(k, thread_index())]);
  }
};

// z = sum, a = activation(z)
DIGITNET_CALL void take_forward(const Op& op, int64_t row, int64_t col, float z) {
  if (op.z.data != nullptr) op.z.data[row * op.z.stride + col] = z;
  op.a.data[row * op.a.stride + col] = activated(op.activation, op.alpha, z);
}

// d(loss) / d(output of the layer below) of one element, taken through that layer's activation.
DIGITNET_CALL float through_below(const Op& op, int64_t row, int64_t col, float delta) {
  if (op.below == Activation::kLinear) return delta;
  const float z = op.below_z.data != nullptr ? op.below_z.data[row * op.below_z.stride + col] : 0;
  return delta *
         derivative(op.below, op.below_alpha, z, op.below_a.data[row * op.below_a.stride + col]);
}

// What becomes of the gradient of one parameter.
DIGITNET_DEVICE void take_gradient(const StepArguments& arguments, float l2, float gradient,
                                   float* w, float* velocity, float* out) {
  if (arguments.update)
    descend(arguments.sgd, l2, gradient, w, velocity);
  else
    *out = gradient + l2 * *w;
}

// The sum over the block; all threads have it.
DIGITNET_CALL double block_sum(double value, float* shared) {
  auto* sums = reinterpret_cast<double*>(shared);
  value = warp_sum(value);
  sync_block();
  if (lane_index() == 0) sums[warp_index()] = value;
  sync_block();
  double sum = 0;
  for (int w = 0; w < kWarps; ++w) sum += sums[w];
  return sum;
}

// A tile of dkernel, and with row0 == 0 of dbias: the optimizer's step, or a place in the gradient.
template <class Sums>
DIGITNET_DEVICE void take_gradients(const Op& op, const Place& place, int64_t tile, int64_t row0,
                                    int64_t col0, Sums& sums, bool has_bias, float bias_sum) {
  const StepArguments& all = place.arguments;
  const int64_t unit = col0 + thread_index();
  if (has_bias && thread_index() < Sums::kTileCols && unit < op.out)
    take_gradient(all, 0, bias_sum, op.bias + unit,
                  op.bias_velocity != nullptr ? op.bias_velocity + unit : nullptr,
                  op.bias_gradient != nullptr ? op.bias_gradient + unit : nullptr);
  double squares = 0;
  sums.for_each([&](int row, int col, float& sum) {
    const int64_t i = row0 + row, c = col0 + col;
    if (i >= op.in || c >= op.out) return;
    float* w = op.kernel.data + i * op.kernel.stride + c;
    if (op.l2 != 0) squares += static_cast<double>(*w) * static_cast<double>(*w);
    const auto at = [&](const DeviceMatrix& m) {
      return m.data != nullptr ? m.data + i * m.stride + c : nullptr;
    };
    take_gradient(all, 2 * op.l2, sum, w, at(op.velocity), at(op.gradient));
  });
  if (op.l2 == 0) return;
  squares = block_sum(squares, place.shared);
  if (thread_index() == 0)
    op.penalties[tile] += static_cast<double>(op.l2) * squares * static_cast<double>(place.rows);
}

// One loop serves the three kinds of product: it is most of a kernel's code.
template <Math kMath, int kRows, int kCols>
DIGITNET_DEVICE void run_product(const Op& op, const Place& place, int64_t tile) {
  const Product product = product_of(op, place);
  // Neighbours in number share columns, so that a column of b is read from memory once.
  const int64_t down = parts(product.rows, kRows);
  const int64_t row0 = tile % down * kRows, col0 = tile / down * kCols;
  const bool forward = op.kind == OpKind::kForward, gradient = op.kind == OpKind::kGradient;
  Accumulators<kMath, kRows, kCols> sums;
  sums.for_each([&](int, int col, float& sum) {
    sum = forward && op.bias != nullptr && col0 + col < op.out ? op.bias[col0 + col] : 0;
  });
  BiasSums<kCols> bias{gradient && row0 == 0 && op.bias != nullptr, 0};
  product_tile<kMath, kRows, kCols>(product.a, product.b, row0, col0, product.depth, sums,
                                    place.shared, bias);
  if (gradient) return take_gradients(op, place, tile, row0, col0, sums, bias.wanted, bias.sum);
  sums.for_each([&](int row, int col, float& sum) {
    const int64_t r = row0 + row, c = col0 + col;
    if (r >= product.rows || c >= product.cols) return;
    if (forward)
      take_forward(op, r, c, sum);
    else
      op.delta_below.data[r * op.delta_below.stride + c] = through_below(op, r, c, sum);
  });
}

}  // namespace digitnet::cuda
