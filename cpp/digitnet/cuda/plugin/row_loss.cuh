#pragma once
// Row losses, metrics and deltas: a warp takes a row, its lanes every 32nd column. The formulas of
// cpu/generic_loss.cpp and metric.cpp; sums over columns in double, in a fixed order.

#include "digitnet/cuda/plugin/formulas.cuh"
#include "digitnet/cuda/plugin/step.hpp"

namespace digitnet::cuda {

struct LossRow {
  const DeviceObjective& objective;
  float* output;         // (outputs,)
  std::int32_t label;    // where the loss takes labels
  const float* targets;  // (outputs,) otherwise
  double weight, scale;  // of the loss; and of its gradient
  float* delta;          // (outputs,) or null

  template <class F>
  DIGITNET_DEVICE void for_each(F f) const {
    for (int64_t c = lane_index(); c < objective.outputs; c += kWarp) f(c);
  }
  template <class F>
  DIGITNET_DEVICE double sum(F f) const {
    double result = 0;
    for_each([&](int64_t c) { result += f(c); });
    return warp_sum(result);
  }
  DIGITNET_DEVICE double smooth(double t, double classes) const {
    const auto s = static_cast<double>(objective.loss.label_smoothing);
    return t * (1 - s) + s / classes;
  }
  // The target after label smoothing.
  DIGITNET_DEVICE double target(int64_t c) const {
    const auto classes = static_cast<double>(objective.outputs);
    const LossKind kind = objective.loss.kind;
    if (kind == LossKind::kSparseCategoricalCrossentropy)
      return smooth(label == c ? 1 : 0, classes);
    const auto t = static_cast<double>(targets[c]);
    if (kind == LossKind::kCategoricalCrossentropy) return smooth(t, classes);
    return kind == LossKind::kBinaryCrossentropy ? smooth(t, 2) : t;
  }
  DIGITNET_DEVICE void set_gradient(int64_t c, double gradient) const {
    if (delta != nullptr) delta[c] = static_cast<float>(scale * weight * gradient);
  }
};

DIGITNET_DEVICE double clipped(double p) {
  constexpr auto kLowest = static_cast<double>(kEpsilon);
  constexpr auto kHighest = static_cast<double>(1.0F - kEpsilon);
  return p < kLowest ? kLowest : p > kHighest ? kHighest : p;
}

// L = sum t (log sum exp(z) - z), dL/dz = softmax(z) sum t - t
DIGITNET_CALL double softmax_loss(const LossRow& row) {
  float maximum = -INFINITY;
  row.for_each([&](int64_t c) { maximum = row.output[c] > maximum ? row.output[c] : maximum; });
  maximum = warp_max(maximum);
  const double sum =
      row.sum([&](int64_t c) { return static_cast<double>(expf(row.output[c] - maximum)); });
  const double targets = row.sum([&](int64_t c) { return row.target(c); });
  const double log_sum = static_cast<double>(maximum) + log(sum);
  const double loss = row.sum(
      [&](int64_t c) { return row.target(c) * (log_sum - static_cast<double>(row.output[c])); });
  row.for_each([&](int64_t c) {
    const double p = static_cast<double>(expf(row.output[c] - maximum)) / sum;
    row.set_gradient(c, p * targets - row.target(c));
    if (row.objective.fused) row.output[c] = static_cast<float>(p);
  });
  return loss;
}

// q = y / sum y, L = -sum t log clip(q). With G = dL/dq = -t / q (0 where clipped),
// dL/dy = (G - sum G q) / sum y.
DIGITNET_CALL double probability_loss(const LossRow& row) {
  const double sum = row.sum([&](int64_t c) { return static_cast<double>(row.output[c]); });
  const auto share = [&](int64_t c) { return static_cast<double>(row.output[c]) / sum; };
  const auto gradient = [&](int64_t c) {
    const double q = share(c);
    return clipped(q) == q ? -row.target(c) / q : 0;
  };
  const double loss = row.sum([&](int64_t c) { return -row.target(c) * log(clipped(share(c))); });
  const double common = row.sum([&](int64_t c) { return gradient(c) * share(c); });
  row.for_each([&](int64_t c) { row.set_gradient(c, (gradient(c) - common) / sum); });
  return loss;
}

struct LossTerm {
  double loss, gradient;
};

DIGITNET_DEVICE LossTerm binary_term(const DeviceObjective& objective, double y, double t) {
  if (objective.fused || objective.loss.from_logits) {
    const double positive = y > 0 ? y : 0, e = exp(-fabs(y));
    const double sigmoid = (y < 0 ? e : 1) / (1 + e);
    return {positive - y * t + log1p(e), sigmoid - t};
  }
  const double p = clipped(y);
  return {-t * log(p) - (1 - t) * log(1 - p), p == y ? (1 - t) / (1 - p) - t / p : 0};
}

DIGITNET_DEVICE LossTerm loss_term(const DeviceObjective& objective, double y, double t) {
  const double error = y - t, size = fabs(error);
  const auto bend = static_cast<double>(objective.loss.delta);
  const double sign = error > 0 ? 1 : error < 0 ? -1 : 0;
  switch (objective.loss.kind) {
    case LossKind::kMeanSquaredError: return {error * error, 2 * error};
    case LossKind::kMeanAbsoluteError: return {size, sign};
    case LossKind::kHuber:
      if (size <= bend) return {error * error / 2, error};
      return {bend * size - bend * bend / 2, bend * sign};
    default: return binary_term(objective, y, t);
  }
}

DIGITNET_CALL double mean_loss(const LossRow& row) {
  const auto cols = static_cast<double>(row.objective.outputs);
  double sum = 0;
  row.for_each([&](int64_t c) {
    const LossTerm term =
        loss_term(row.objective, static_cast<double>(row.output[c]), row.target(c));
    sum += term.loss;
    row.set_gradient(c, term.gradient / cols);
    if (row.objective.fused) row.output[c] = sigmoid(row.output[c]);
  });
  return warp_sum(sum) / cols;
}

// The row's loss, unweighted. Fused, the output becomes the probabilities.
DIGITNET_DEVICE double row_loss(const LossRow& row) {
  const LossKind kind = row.objective.loss.kind;
  const bool classes = kind == LossKind::kCategoricalCrossentropy ||
                       kind == LossKind::kSparseCategoricalCrossentropy;
  if (!classes) return mean_loss(row);
  return row.objective.fused || row.objective.loss.from_logits ? softmax_loss(row)
                                                               : probability_loss(row);
}

// The first of the greatest, as the whole warp sees it.
DIGITNET_CALL int argmax(const float* values, int64_t count) {
  float best = -INFINITY;
  int place = 0x7FFFFFFF;
  for (int64_t c = lane_index(); c < count; c += kWarp)
    if (values[c] > best || place == 0x7FFFFFFF) {
      best = values[c];
      place = static_cast<int>(c);
    }
  DIGITNET_UNROLL
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    const float other = exchange(best, mask);
    const int other_place = exchange(place, mask);
    const bool better = other > best || (other == best && other_place < place);
    if (other_place != 0x7FFFFFFF && (place == 0x7FFFFFFF || better)) {
      best = other;
      place = other_place;
    }
  }
  return place;
}

DIGITNET_CALL double row_metric(const LossRow& row, Metric metric) {
  const auto cols = static_cast<double>(row.objective.outputs);
  const int64_t outputs = row.objective.outputs;
  const auto error = [&](int64_t c) {
    return static_cast<double>(row.output[c]) - static_cast<double>(row.targets[c]);
  };
  switch (metric) {
    case Metric::kSparseCategoricalAccuracy:
      return argmax(row.output, outputs) == row.label ? 1.0 : 0.0;
    case Metric::kCategoricalAccuracy:
      return argmax(row.output, outputs) == argmax(row.targets, outputs) ? 1.0 : 0.0;
    case Metric::kBinaryAccuracy:
      return row.sum([&](int64_t c) {
        const float t = row.targets[c];
        return (row.output[c] > 0.5F) == (t == 1.0F) && (t == 0.0F || t == 1.0F) ? 1.0 : 0.0;
      }) / cols;
    case Metric::kMeanSquaredError:
      return row.sum([&](int64_t c) { return error(c) * error(c); }) / cols;
    case Metric::kMeanAbsoluteError:
      return row.sum([&](int64_t c) { return fabs(error(c)); }) / cols;
  }
  return 0;
}

}  // namespace digitnet::cuda
