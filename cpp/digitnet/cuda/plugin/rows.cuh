#pragma once
// What is done row by row, a warp for each: gathering, elementwise layers, softmax, losses; and the
// sums of a step.

#include "digitnet/cuda/plugin/products.cuh"
#include "digitnet/cuda/plugin/row_loss.cuh"

namespace digitnet::cuda {

template <class F>
DIGITNET_DEVICE void for_each_column(int64_t cols, F f) {
  for (int64_t c = lane_index(); c < cols; c += kWarp) f(c);
}

// a = the samples, scaled
DIGITNET_DEVICE void gather_row(const Op& op, const Place& place, int64_t r) {
  const Operand x = input_operand(op, place, true);
  for (int64_t c = int64_t{4} * lane_index(); c < op.in; c += int64_t{4} * kWarp)
    *reinterpret_cast<Four*>(op.a.data + r * op.a.stride + c) = fetch4(x, r, c);
}

// a = f(x), f an activation, a dropout or a rescaling
DIGITNET_DEVICE void elementwise_row(const Op& op, const Place& place, int64_t r) {
  const bool drops = op.is_dropout && place.arguments.dropout;
  for_each_column(op.out, [&](int64_t c) {
    const float x = op.x.data[r * op.x.stride + c];
    float& a = op.a.data[r * op.a.stride + c];
    if (op.is_rescaling)
      a = plus(times(x, op.scale), op.offset);
    else if (drops)
      a = x * dropout_factor(op.rate, place.arguments.seed, place.iteration, op.layer, r, c);
    else
      a = activated(op.activation, op.alpha, x);
  });
}

// delta_below = delta * f'; may be the same matrix
DIGITNET_DEVICE void elementwise_backward_row(const Op& op, const Place& place, int64_t r) {
  const bool drops = op.is_dropout && place.arguments.dropout;
  for_each_column(op.out, [&](int64_t c) {
    const float d = op.delta.data[r * op.delta.stride + c];
    float factor = 1;
    if (op.is_rescaling)
      factor = op.scale;
    else if (drops)
      factor = dropout_factor(op.rate, place.arguments.seed, place.iteration, op.layer, r, c);
    else if (op.activation != Activation::kLinear)
      factor = derivative(op.activation, op.alpha,
                          op.z.data != nullptr ? op.z.data[r * op.z.stride + c] : 0,
                          op.a.data[r * op.a.stride + c]);
    op.delta_below.data[r * op.delta_below.stride + c] = d * factor;
  });
}

// a = softmax(x); may be the same matrix
DIGITNET_DEVICE void softmax_row(const Op& op, int64_t r) {
  const float* x = op.x.data + r * op.x.stride;
  float* a = op.a.data + r * op.a.stride;
  float maximum = -INFINITY, sum = 0;
  for_each_column(op.out, [&](int64_t c) { maximum = x[c] > maximum ? x[c] : maximum; });
  maximum = warp_max(maximum);
  for_each_column(op.out, [&](int64_t c) {
    a[c] = expf(x[c] - maximum);
    sum += a[c];
  });
  sum = warp_sum(sum);
  for_each_column(op.out, [&](int64_t c) { a[c] /= sum; });
}

// delta_below_i = a_i (delta_i - sum_j delta_j a_j); may be the same matrix
DIGITNET_DEVICE void softmax_backward_row(const Op& op, int64_t r) {
  const float* a = op.a.data + r * op.a.stride;
  const float* d = op.delta.data + r * op.delta.stride;
  float* below = op.delta_below.data + r * op.delta_below.stride;
  float sum = 0;
  for_each_column(op.out, [&](int64_t c) { sum += d[c] * a[c]; });
  sum = warp_sum(sum);
  for_each_column(op.out, [&](int64_t c) { below[c] = a[c] * (d[c] - sum); });
}

// Row losses, metrics and the gradient of their (mean) loss.
DIGITNET_DEVICE void loss_row(const Op& op, const Place& place, int64_t r) {
  const StepArguments& all = place.arguments;
  const DeviceSamples& samples = all.samples;
  const int64_t sample = samples.order != nullptr
                             ? static_cast<int64_t>(samples.order[place.first_row + r])
                             : place.first_row + r;
  const bool labelled = all.objective.labelled;
  const LossRow row{all.objective,
                    op.a.data + r * op.a.stride,
                    labelled ? samples.labels[sample] : 0,
                    labelled ? nullptr : samples.targets + sample * samples.targets_stride,
                    samples.weights != nullptr ? static_cast<double>(samples.weights[sample]) : 1,
                    static_cast<double>(1.0F / static_cast<float>(place.rows)),
                    op.delta.data != nullptr ? op.delta.data + r * op.delta.stride : nullptr};
  const double loss = row_loss(row);
  if (lane_index() == 0) all.row_losses[r] = row.weight * loss;
  for (int m = 0; m < all.objective.metric_count; ++m) {
    const double metric = row_metric(row, all.objective.metrics[m]);
    if (lane_index() == 0) all.row_metrics[m * all.batch_size + r] = metric;
  }
}

// kernel, gradient and velocity (., in), as if everything were a kernel
DIGITNET_DEVICE void descend_row(const Op& op, const Place& place, int64_t r) {
  const int64_t at = (place.first_row + r) * op.kernel.stride;
  for_each_column(op.in, [&](int64_t c) {
    descend(place.arguments.sgd, 0, op.gradient.data[at + c], op.kernel.data + at + c,
            op.velocity.data != nullptr ? op.velocity.data + at + c : nullptr);
  });
}

// One block adds the step's row losses and metrics to the totals.
DIGITNET_CALL void add_sums(const Place& place) {
  const StepArguments& all = place.arguments;
  for (int m = -1; m < all.objective.metric_count; ++m) {
    const double* values = m < 0 ? all.row_losses : all.row_metrics + m * all.batch_size;
    double sum = 0;
    for (int64_t r = thread_index(); r < place.rows; r += kBlockThreads) sum += values[r];
    sum = block_sum(sum, place.shared);
    if (thread_index() == 0) all.totals[m + 1] += sum;
  }
}

}  // namespace digitnet::cuda
