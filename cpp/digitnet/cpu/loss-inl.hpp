#pragma once
// Row losses and their gradients, after activation-inl.hpp. Losses of float terms, summed in
// double.
//
// Symbols: y or z the network's output, t the target after label smoothing, k = scale * weight of
// the row, L the row's loss.

#include "digitnet/cpu/activation-inl.hpp"

namespace digitnet::cpu {
namespace {

// Sixteen targets from column c on, zero beyond cols.
struct DenseTargets {
  const float* row;
  int64_t cols;
  Vec factor, offset;

  DIGITNET_INLINE Vec operator()(int64_t c) const {
    if (cols - c >= kLanes) return fma(loadu(row + c), factor, offset);
    return keep(first_lanes(cols - c), fma(load_n(row + c, cols - c), factor, offset));
  }
};

constexpr std::uint32_t kLaneIndex[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

struct LabelTargets {
  std::int32_t label;
  int64_t cols;
  Vec factor, offset;

  DIGITNET_INLINE Vec operator()(int64_t c) const {
    const Int hot = broadcast_int(static_cast<std::uint32_t>(label - static_cast<std::int32_t>(c)));
    const Vec t = add(keep(equal(load_int(kLaneIndex), hot), factor), offset);
    return cols - c >= kLanes ? t : keep(first_lanes(cols - c), t);
  }
};

DIGITNET_INLINE Vec inside(Vec value, int64_t cols, int64_t c) {
  return cols - c >= kLanes ? value : keep(first_lanes(cols - c), value);
}

// Probabilities clipped to [kEpsilon, 1 - kEpsilon]; beyond, the gradient is zero.
DIGITNET_INLINE Vec clip(Vec p) {
  return min(broadcast(1.0F - kEpsilon), max(broadcast(kEpsilon), p));
}
DIGITNET_INLINE Mask unclipped(Vec p) {
  return mask_and(less_equal(broadcast(kEpsilon), p), less_equal(p, broadcast(1.0F - kEpsilon)));
}

// L = sum t (log sum exp(z) - z), dL/dz = p sum t - t with p = softmax(z).
// Writes p over z if fused; delta may be null.
template <class Targets>
DIGITNET_INLINE double softmax_loss(const Targets& target, int64_t cols, float* z, bool fused,
                                    float k, float* delta) {
  const Vec maximum = row_maximum(z, cols);
  float* powers = fused ? z : delta;  // exp(z - maximum) waits there for its sum
  Double16 dot = zero_double();       // sum of t (maximum - z)
  Vec power_sum = zero(), target_sum = zero();
  for (int64_t c = 0; c < cols; c += kLanes) {
    const Vec shifted = inside(sub(load(z + c), maximum), cols, c), t = target(c);
    const Vec power = inside(exp(shifted), cols, c);
    power_sum = add(power_sum, power);
    target_sum = add(target_sum, t);
    dot = add(dot, negate(mul(t, shifted)));
    if (powers != nullptr) store(powers + c, power);
  }
  const float total = reduce_add(power_sum), targets = reduce_add(target_sum);
  if (powers != nullptr) {
    const Vec factor = broadcast(1.0F / total), gain = broadcast(k);
    for (int64_t c = 0; c < cols; c += kLanes) {
      const Vec p = inside(mul(load(powers + c), factor), cols, c);
      if (fused) store(z + c, p);
      if (delta == nullptr) continue;
      store(delta + c, inside(mul(gain, sub(mul(p, broadcast(targets)), target(c))), cols, c));
    }
  }
  return reduce_add(dot) + static_cast<double>(targets * first(log(broadcast(total))));
}

// q = y / sum y, L = -sum t log clip(q). With G = dL/dq = -t / q (0 where clipped),
// dL/dy = (G - sum G q) / sum y.
template <class Targets>
DIGITNET_INLINE double probability_loss(const Targets& target, int64_t cols, const float* y,
                                        float k, float* delta) {
  Vec sum = zero();
  for (int64_t c = 0; c < cols; c += kLanes) sum = add(sum, load(y + c));
  const Vec total = broadcast(reduce_add(sum));
  Double16 loss = zero_double();
  Vec open = zero();  // sum of t where not clipped, which is -sum G q
  for (int64_t c = 0; c < cols; c += kLanes) {
    const Vec q = div(load(y + c), total), t = target(c);
    loss = add(loss, inside(negate(mul(t, log(clip(q)))), cols, c));
    open = add(open, keep(unclipped(q), t));
  }
  if (delta != nullptr) {
    const Vec gain = div(broadcast(k), total), common = broadcast(reduce_add(open));
    for (int64_t c = 0; c < cols; c += kLanes) {
      const Vec q = div(load(y + c), total);
      const Vec gradient = sub(common, keep(unclipped(q), div(target(c), q)));
      store(delta + c, inside(mul(gain, gradient), cols, c));
    }
  }
  return reduce_add(loss);
}

DIGITNET_INLINE float row_weight(const LossRows& args, int64_t r) {
  return args.weights == nullptr ? 1.0F : args.weights[r];
}

// The cross-entropies over classes; targets(r) gives the targets of a row.
template <class RowTargets>
DIGITNET_INLINE void class_losses(const LossRows& args, RowTargets targets) {
  for (int64_t r = 0; r < args.rows; ++r) {
    const float weight = row_weight(args, r), k = args.scale * weight;
    float* output = args.output + r * args.output_stride;
    float* delta = args.delta == nullptr ? nullptr : args.delta + r * args.delta_stride;
    const auto target = targets(r);
    const double loss = args.fused || args.loss.from_logits
                            ? softmax_loss(target, args.cols, output, args.fused, k, delta)
                            : probability_loss(target, args.cols, output, k, delta);
    args.row_loss[r] = static_cast<double>(weight) * loss;
  }
}

struct Term {
  Vec loss, gradient;
};

// Losses that are a mean over the outputs: term(y, t) gives the loss and gradient of one output.
template <class Function>
DIGITNET_INLINE void mean_losses(const LossRows& args, float smoothing, Function term) {
  const Vec factor = broadcast(1.0F - smoothing), offset = broadcast(0.5F * smoothing);
  const auto count = static_cast<float>(args.cols);
  for (int64_t r = 0; r < args.rows; ++r) {
    const float weight = row_weight(args, r);
    const Vec gain = broadcast(args.scale * weight / count);
    const float* y = args.output + r * args.output_stride;
    float* delta = args.delta == nullptr ? nullptr : args.delta + r * args.delta_stride;
    const DenseTargets target{args.targets + r * args.targets_stride, args.cols, factor, offset};
    Double16 loss = zero_double();
    for (int64_t c = 0; c < args.cols; c += kLanes) {
      const Term result = term(load(y + c), target(c));
      loss = add(loss, inside(result.loss, args.cols, c));
      if (delta == nullptr) continue;
      store(delta + c, inside(mul(gain, result.gradient), args.cols, c));
    }
    args.row_loss[r] = static_cast<double>(weight) * reduce_add(loss) / count;
  }
}

// L = max(z, 0) - z t + log(1 + exp(-|z|)), dL/dz = sigmoid(z) - t
DIGITNET_INLINE Term sigmoid_term(Vec z, Vec t) {
  const Vec e = exp(negate(abs(z)));
  return {add(fnma(z, t, max(zero(), z)), log1p(e)), sub(sigmoid_from(z, e), t)};
}

// p = clip(y), L = -t log p - (1 - t) log(1 - p), dL/dy = (1 - t) / (1 - p) - t / p, 0 where
// clipped
DIGITNET_INLINE Term binary_term(Vec y, Vec t) {
  const Vec one = broadcast(1.0F), p = clip(y), rest = sub(one, p), negative = sub(one, t);
  const Vec gradient = sub(div(negative, rest), div(t, p));
  return {negate(fma(t, log(p), mul(negative, log(rest)))), keep(unclipped(y), gradient)};
}

DIGITNET_INLINE Term absolute_term(Vec y, Vec t) {
  const Vec error = sub(y, t), size = abs(error);
  return {size, keep(less(zero(), size), bit_or(broadcast(1.0F), sign_bit(error)))};
}

// With q = min(|e|, bend), both branches are q (|e| - q / 2).
DIGITNET_INLINE Term huber_term(Vec y, Vec t, Vec bend) {
  const Vec error = sub(y, t), size = abs(error), q = min(bend, size);
  return {mul(q, fnma(broadcast(0.5F), q, size)), max(negate(bend), min(bend, error))};
}

void binary_losses(const LossRows& args) {
  const float smoothing = args.loss.label_smoothing;
  if (!args.fused && !args.loss.from_logits) {
    return mean_losses(args, smoothing, [](Vec y, Vec t) { return binary_term(y, t); });
  }
  mean_losses(args, smoothing, [](Vec z, Vec t) { return sigmoid_term(z, t); });
  if (!args.fused) return;
  activate(Activation::kSigmoid, 0.0F, args.rows, args.cols, args.output, args.output,
           args.output_stride);
}

void loss_rows(const LossRows& args) {
  const float smoothing = args.loss.label_smoothing;
  const Vec factor = broadcast(1.0F - smoothing);
  const Vec offset = broadcast(smoothing / static_cast<float>(args.cols));
  const Vec bend = broadcast(args.loss.delta);
  switch (args.loss.kind) {
    case LossKind::kCategoricalCrossentropy:
      return class_losses(args, [&](int64_t r) {
        return DenseTargets{args.targets + r * args.targets_stride, args.cols, factor, offset};
      });
    case LossKind::kSparseCategoricalCrossentropy:
      return class_losses(
          args, [&](int64_t r) { return LabelTargets{args.labels[r], args.cols, factor, offset}; });
    case LossKind::kBinaryCrossentropy: return binary_losses(args);
    case LossKind::kMeanSquaredError:
      return mean_losses(args, 0.0F, [](Vec y, Vec t) {
        const Vec error = sub(y, t);
        return Term{mul(error, error), add(error, error)};
      });
    case LossKind::kMeanAbsoluteError:
      return mean_losses(args, 0.0F, [](Vec y, Vec t) { return absolute_term(y, t); });
    case LossKind::kHuber:
      return mean_losses(args, 0.0F, [=](Vec y, Vec t) { return huber_term(y, t, bend); });
  }
}

}  // namespace
}  // namespace digitnet::cpu
