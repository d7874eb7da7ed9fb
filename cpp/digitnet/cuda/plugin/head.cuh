#pragma once
// The top of a network in one go: the last dense layer where it has at most 32 units, the loss, and
// the way back through that layer. A warp takes a row, lane c its unit c, so that nothing has to
// wait for other rows: three phases of a step become one.

#include "digitnet/cuda/plugin/rows.cuh"

namespace digitnet::cuda {

constexpr int kHeadUnits = kWarp;

// What a lane knows of its unit.
struct HeadUnit {
  float z, a;
};

// The inputs are shared out among the lanes: sums are those of the CPU up to the order of their
// terms.
DIGITNET_DEVICE HeadUnit head_forward(const Op& op, int64_t r) {
  const float* x = op.x.data + r * op.x.stride;
  const bool mine = lane_index() < op.out;
  HeadUnit unit{op.bias != nullptr && mine ? op.bias[lane_index()] : 0, 0};
  for (int first = 0; first < op.out; first += 4) {
    Four sums{{0, 0, 0, 0}};
    for (int64_t k = lane_index(); k < op.in; k += kWarp) {
      const Four w = *reinterpret_cast<const Four*>(op.kernel.data + k * op.kernel.stride + first);
      DIGITNET_UNROLL
      for (int i = 0; i < 4; ++i) sums.v[i] = fused(x[k], w.v[i], sums.v[i]);
    }
    DIGITNET_UNROLL
    for (int i = 0; i < 4; ++i) {
      const float sum = warp_sum(sums.v[i]);
      if (lane_index() == first + i) unit.z += sum;
    }
  }
  unit.a = activated(op.activation, op.alpha, unit.z);
  if (mine) op.a.data[r * op.a.stride + lane_index()] = unit.a;
  return unit;
}

// delta_below = (delta kernel^T) * derivative of the activation below; delta: of the lane's unit
DIGITNET_DEVICE void head_backward(const Op& op, int64_t r, float delta) {
  float deltas[kHeadUnits];
  DIGITNET_UNROLL
  for (int c = 0; c < kHeadUnits; ++c) deltas[c] = of_lane(delta, c);
  for_each_column(op.in, [&](int64_t i) {
    float sum = 0;
    DIGITNET_UNROLL
    for (int first = 0; first < kHeadUnits; first += 4) {
      if (first >= op.out) continue;  // not break: the loop is to be unrolled
      const Four w = *reinterpret_cast<const Four*>(op.kernel.data + i * op.kernel.stride + first);
      DIGITNET_UNROLL
      for (int j = 0; j < 4; ++j) sum = fused(deltas[first + j], w.v[j], sum);
    }
    op.delta_below.data[r * op.delta_below.stride + i] = through_below(op, r, i, sum);
  });
}

DIGITNET_DEVICE void head_row(const Op& op, const Place& place, int64_t r) {
  const HeadUnit unit = head_forward(op, r);
  loss_row(op, place, r);
  if (op.delta.data == nullptr) return;
  float delta = 0;
  if (lane_index() < op.out) {
    float& stored = op.delta.data[r * op.delta.stride + lane_index()];
    if (op.activation != Activation::kLinear)
      stored *= derivative(op.activation, op.alpha, unit.z, unit.a);
    delta = stored;
  }
  if (op.delta_below.data != nullptr) head_backward(op, r, delta);
}

}  // namespace digitnet::cuda
