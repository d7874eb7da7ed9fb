#pragma once
// What the host tells the kernels, plain data. A step is a list of phases, a phase a list of
// operations that may run side by side; an operation is cut into tiles, which the blocks share out
// among themselves. Between phases all blocks wait for each other.

#include <cstdint>

#include "digitnet/activation.hpp"
#include "digitnet/loss.hpp"
#include "digitnet/metric.hpp"
#include "digitnet/optimizer.hpp"

namespace digitnet::cuda {

using std::int64_t;

// How products are computed: fused multiply-adds in float32, or tensor cores on factors rounded to
// tf32 or bfloat16; sums are float32 in each.
enum class Math : std::int32_t { kFloat32, kTf32, kBfloat16 };

// A row-major matrix on the device; stride (in elements) a multiple of 32, data aligned to 128
// bytes, elements between the columns' end and the stride are zeros and stay so.
struct DeviceMatrix {
  float* data;
  int64_t stride;
};

enum class OpKind : std::int32_t {
  kGather,       // a = scaled samples
  kForward,      // z = x kernel + bias, a = activation(z)
  kElementwise,  // a = f(x): activation, dropout or rescaling, and not softmax
  kSoftmax,      // a = softmax(x), by rows
  kLoss,         // row losses, metrics, delta
  kHead,         // kForward, kLoss and kBackward of a narrow last layer
  kElementwiseBackward,
  kSoftmaxBackward,
  kBackward,  // delta of the layer below = (dz kernel^T) * activation' of that layer
  kGradient,  // dkernel = x^T dz, dbias; then the optimizer's step, or written down
  kSums,      // of row losses and metrics, to the totals
  kDescend,   // a step of the optimizer with a gradient that is given, a row of kernel at a time
};

struct Op {
  OpKind kind;
  std::int32_t layer;  // number, for dropout's stream
  int64_t in, out;     // of the layer
  // x: what the layer reads; null: the samples themselves. z, delta_below: null where not needed.
  DeviceMatrix x, z, a, delta, delta_below;
  // kernel (in, out), bias (out,); their velocities or null; or, with gradients wanted, where those
  // go.
  DeviceMatrix kernel, velocity, gradient;
  float *bias, *bias_velocity, *bias_gradient;
  Activation activation,
      below;  // of this layer; of the one below, where delta_below goes through it
  float alpha, below_alpha;
  DeviceMatrix below_z, below_a;  // what the derivative of the activation below reads
  bool is_dropout, is_rescaling;
  float rate, scale, offset, l2;
  double* penalties;  // of a gradient: one for each tile, sum over steps of l2 |kernel|^2 batch
};

struct Phase {
  std::int32_t first, count;  // operations
};

// The samples of a run. Row i of the run is row order[i] (or i) of the data.
struct DeviceSamples {
  const void* rows;  // (., features), uint8 or float32
  bool bytes;
  int64_t stride;  // in elements, a multiple of 16 bytes
  float scale, offset;
  const std::uint32_t* order;
  const std::int32_t* labels;
  const float* targets;  // (., outputs)
  int64_t targets_stride;
  const float* weights;  // or null
};

constexpr int kMostMetrics = 8;

struct DeviceObjective {
  Loss loss;
  bool labelled;  // the loss takes labels, else targets
  bool fused;     // the last activation (softmax or sigmoid) is part of the loss
  Metric metrics[kMostMetrics];
  int metric_count;
  int64_t outputs;
};

struct StepArguments {
  const Op* ops;
  const Phase* phases;
  int phase_count;
  DeviceSamples samples;
  int64_t count, batch_size;      // samples of the run, of a step
  int64_t first_step, steps;      // that this launch takes
  std::uint64_t seed, iteration;  // of dropout; iteration of step 0
  bool dropout, update;           // update: the optimizer steps, else gradients are written down
  Sgd sgd;
  DeviceObjective objective;
  double *row_losses, *row_metrics;  // (batch_size,), (metric_count, batch_size)
  double* totals;                    // loss, then metrics: sums over all steps so far
  void* barrier;
};

}  // namespace digitnet::cuda
