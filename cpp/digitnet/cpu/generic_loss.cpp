// The row losses as plain loops, in double: the fallback and the specification.

#include "digitnet/cpu/generic_loss.hpp"

#include <algorithm>
#include <cmath>

namespace digitnet::cpu {
namespace {

constexpr double kLowest = kEpsilon, kHighest = 1.0F - kEpsilon;

double clip(double p) { return p < kLowest ? kLowest : p > kHighest ? kHighest : p; }
bool unclipped(double p) { return kLowest <= p && p <= kHighest; }

double sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

// One row of a LossRows.
struct Row {
  const LossRows& args;
  int64_t index;

  float& output(int64_t c) const { return args.output[index * args.output_stride + c]; }

  double weight() const { return args.weights == nullptr ? 1 : args.weights[index]; }

  // The target after label smoothing.
  double target(int64_t c) const {
    const Loss& loss = args.loss;
    if (loss.kind == LossKind::kSparseCategoricalCrossentropy) {
      return smooth(args.labels[index] == c ? 1 : 0, static_cast<double>(args.cols));
    }
    const double t = args.targets[index * args.targets_stride + c];
    if (loss.kind == LossKind::kCategoricalCrossentropy) {
      return smooth(t, static_cast<double>(args.cols));
    }
    return loss.kind == LossKind::kBinaryCrossentropy ? smooth(t, 2) : t;
  }

  double smooth(double t, double classes) const {
    const double s = args.loss.label_smoothing;
    return t * (1 - s) + s / classes;
  }

  // The gradient of this row's loss with respect to output c.
  void set_gradient(int64_t c, double gradient) const {
    if (args.delta == nullptr) return;
    args.delta[index * args.delta_stride + c] =
        static_cast<float>(args.scale * weight() * gradient);
  }
};

// L = sum t (log sum exp(z) - z), dL/dz = softmax(z) sum t - t
double softmax_loss(const Row& row) {
  const int64_t cols = row.args.cols;
  double maximum = row.output(0), sum = 0, targets = 0, loss = 0;
  for (int64_t c = 1; c < cols; ++c) maximum = std::max<double>(maximum, row.output(c));
  for (int64_t c = 0; c < cols; ++c) sum += std::exp(row.output(c) - maximum);
  for (int64_t c = 0; c < cols; ++c) {
    targets += row.target(c);
    loss += row.target(c) * (maximum + std::log(sum) - row.output(c));
  }
  for (int64_t c = 0; c < cols; ++c) {
    const double p = std::exp(row.output(c) - maximum) / sum;
    row.set_gradient(c, p * targets - row.target(c));
    if (row.args.fused) row.output(c) = static_cast<float>(p);
  }
  return loss;
}

// q = y / sum y, L = -sum t log clip(q). With G = dL/dq = -t / q (0 where clipped),
// dL/dy = (G - sum G q) / sum y.
double probability_loss(const Row& row) {
  const int64_t cols = row.args.cols;
  double sum = 0, loss = 0, common = 0;
  for (int64_t c = 0; c < cols; ++c) sum += row.output(c);
  const auto gradient = [&](int64_t c) {
    const double q = row.output(c) / sum;
    return unclipped(q) ? -row.target(c) / q : 0;
  };
  for (int64_t c = 0; c < cols; ++c) {
    const double q = row.output(c) / sum;
    loss -= row.target(c) * std::log(clip(q));
    common += gradient(c) * q;
  }
  for (int64_t c = 0; c < cols; ++c) row.set_gradient(c, (gradient(c) - common) / sum);
  return loss;
}

// The loss of one output y (or z) with target t, and its derivative.
struct Term {
  double loss, gradient;
};

Term binary_term(const LossRows& args, double y, double t) {
  if (args.fused || args.loss.from_logits) {
    const double positive = y > 0 ? y : 0;
    return {positive - y * t + std::log1p(std::exp(-std::abs(y))), sigmoid(y) - t};
  }
  const double p = clip(y);
  return {-t * std::log(p) - (1 - t) * std::log(1 - p),
          unclipped(y) ? (1 - t) / (1 - p) - t / p : 0};
}

Term term(const LossRows& args, double y, double t) {
  const double error = y - t, size = std::abs(error), bend = args.loss.delta;
  const double sign = error > 0 ? 1 : error < 0 ? -1 : 0;
  switch (args.loss.kind) {
    case LossKind::kMeanSquaredError: return {error * error, 2 * error};
    case LossKind::kMeanAbsoluteError: return {size, sign};
    case LossKind::kHuber:
      if (size <= bend) return {error * error / 2, error};
      return {bend * size - bend * bend / 2, bend * sign};
    default: return binary_term(args, y, t);
  }
}

double mean_loss(const Row& row) {
  const int64_t cols = row.args.cols;
  double sum = 0;
  for (int64_t c = 0; c < cols; ++c) {
    const Term result = term(row.args, row.output(c), row.target(c));
    sum += result.loss;
    row.set_gradient(c, result.gradient / static_cast<double>(cols));
    if (row.args.fused) row.output(c) = static_cast<float>(sigmoid(row.output(c)));
  }
  return sum / static_cast<double>(cols);
}

}  // namespace

void generic_loss_rows(const LossRows& args) {
  const bool classes = args.loss.kind == LossKind::kCategoricalCrossentropy ||
                       args.loss.kind == LossKind::kSparseCategoricalCrossentropy;
  for (int64_t r = 0; r < args.rows; ++r) {
    const Row row{args, r};
    const double loss = !classes                              ? mean_loss(row)
                        : args.fused || args.loss.from_logits ? softmax_loss(row)
                                                              : probability_loss(row);
    args.row_loss[r] = row.weight() * loss;
  }
}

}  // namespace digitnet::cpu
