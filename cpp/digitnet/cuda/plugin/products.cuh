#pragma once
// The three products of a dense layer, a tile at a time, with what is done to their sums on the
// spot.

#include "digitnet/cuda/plugin/descent.cuh"
#include "digitnet/cuda/plugin/formulas.cuh"
#include "digitnet/cuda/plugin/product.cuh"

namespace digitnet::cuda {

// Where a launch is: the step, and its rows of the run.
struct Place {
  const StepArguments& arguments;
  int64_t first_row, rows;
  std::uint64_t iteration;
  float* shared;
};

struct NoWatch {
  DIGITNET_DEVICE void operator()(const float*, int) const {}
};

// What a forward or gradient product reads: the layer's input, or the samples.
DIGITNET_DEVICE Operand input_operand(const Op& op, const Place& place, bool along_depth) {
  if (op.x.data != nullptr) return matrix_operand(op.x, place.rows, op.in, along_depth);
  return sample_operand(place.arguments.samples, place.first_row, place.rows, op.in, along_depth);
}

// z = x kernel + bias, a = activation(z): rows x out
template <Math kMath, int kRows, int kCols>
DIGITNET_DEVICE void forward_tile(const Op& op, const Place& place, int64_t row0, int64_t col0) {
  Accumulators<kMath, kRows, kCols> sums;
  sums.for_each([&](int, int col, float& sum) {
    sum = op.bias != nullptr && col0 + col < op.out ? op.bias[col0 + col] : 0;
  });
  product_tile<kMath, kRows, kCols>(input_operand(op, place, true),
                                    matrix_operand(op.kernel, op.in, op.out, false), row0, col0,
                                    op.in, sums, place.shared, NoWatch{});
  sums.for_each([&](int row, int col, float& z) {
    const int64_t r = row0 + row, c = col0 + col;
    if (r >= place.rows || c >= op.out) return;
    if (op.z.data != nullptr) op.z.data[r * op.z.stride + c] = z;
    op.a.data[r * op.a.stride + c] = activated(op.activation, op.alpha, z);
  });
}

// d(loss) / d(output of the layer below) of one element, taken through that layer's activation.
DIGITNET_DEVICE float through_below(const Op& op, int64_t row, int64_t col, float delta) {
  if (op.below == Activation::kLinear) return delta;
  const float z = op.below_z.data != nullptr ? op.below_z.data[row * op.below_z.stride + col] : 0;
  return delta *
         derivative(op.below, op.below_alpha, z, op.below_a.data[row * op.below_a.stride + col]);
}

// delta_below = (delta kernel^T) * derivative of the activation below: rows x in
template <Math kMath, int kRows, int kCols>
DIGITNET_DEVICE void backward_tile(const Op& op, const Place& place, int64_t row0, int64_t col0) {
  Accumulators<kMath, kRows, kCols> sums;
  sums.for_each([](int, int, float& sum) { sum = 0; });
  product_tile<kMath, kRows, kCols>(matrix_operand(op.delta, place.rows, op.out, true),
                                    matrix_operand(op.kernel, op.in, op.out, true), row0, col0,
                                    op.out, sums, place.shared, NoWatch{});
  sums.for_each([&](int row, int col, float& sum) {
    const int64_t r = row0 + row, c = col0 + col;
    if (r >= place.rows || c >= op.in) return;
    op.delta_below.data[r * op.delta_below.stride + c] = through_below(op, r, c, sum);
  });
}

// Adds up the columns of delta while its slices pass by: one chain each, as on the CPU.
template <int kCols>
struct BiasSums {
  float sum;
  DIGITNET_DEVICE void operator()(const float* slice, int depths) {
    if (thread_index() >= kCols) return;
    for (int k = 0; k < depths; ++k) sum = plus(sum, slice[SliceOf<kCols>::at(k, thread_index())]);
  }
};

// The sum over the block; the first thread has it.
DIGITNET_DEVICE double block_sum(double value, float* shared) {
  auto* sums = reinterpret_cast<double*>(shared);
  value = warp_sum(value);
  sync_block();
  if (lane_index() == 0) sums[warp_index()] = value;
  sync_block();
  double sum = 0;
  for (int w = 0; w < kWarps; ++w) sum += sums[w];
  return sum;
}

// What becomes of the gradient of one parameter.
DIGITNET_DEVICE void take_gradient(const StepArguments& arguments, float l2, float gradient,
                                   float* w, float* velocity, float* out) {
  if (arguments.update)
    descend(arguments.sgd, l2, gradient, w, velocity);
  else
    *out = gradient + l2 * *w;
}

// dkernel = x^T delta: in x out; with row0 == 0 also dbias
template <Math kMath, int kRows, int kCols>
DIGITNET_DEVICE void gradient_tile(const Op& op, const Place& place, int64_t tile, int64_t row0,
                                   int64_t col0) {
  Accumulators<kMath, kRows, kCols> sums;
  sums.for_each([](int, int, float& sum) { sum = 0; });
  const Operand x = input_operand(op, place, false);
  const Operand delta = matrix_operand(op.delta, place.rows, op.out, false);
  if (row0 == 0 && op.bias != nullptr) {
    BiasSums<kCols> bias{0};
    product_tile<kMath, kRows, kCols>(x, delta, row0, col0, place.rows, sums, place.shared,
                                      [&](const float* slice, int depths) { bias(slice, depths); });
    const int64_t c = col0 + thread_index();
    if (thread_index() < kCols && c < op.out)
      take_gradient(place.arguments, 0, bias.sum, op.bias + c,
                    op.bias_velocity != nullptr ? op.bias_velocity + c : nullptr,
                    op.bias_gradient != nullptr ? op.bias_gradient + c : nullptr);
  } else {
    product_tile<kMath, kRows, kCols>(x, delta, row0, col0, place.rows, sums, place.shared,
                                      NoWatch{});
  }
  double squares = 0;
  sums.for_each([&](int row, int col, float& sum) {
    const int64_t i = row0 + row, c = col0 + col;
    if (i >= op.in || c >= op.out) return;
    float* w = op.kernel.data + i * op.kernel.stride + c;
    squares += static_cast<double>(*w) * static_cast<double>(*w);
    const auto at = [&](const DeviceMatrix& m) {
      return m.data != nullptr ? m.data + i * m.stride + c : nullptr;
    };
    take_gradient(place.arguments, 2 * op.l2, sum, w, at(op.velocity), at(op.gradient));
  });
  if (op.l2 == 0) return;
  squares = block_sum(squares, place.shared);
  if (thread_index() == 0)
    op.penalties[tile] += static_cast<double>(op.l2) * squares * static_cast<double>(place.rows);
}

}  // namespace digitnet::cuda
