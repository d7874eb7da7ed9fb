#pragma once
// A phase of a step: its operations' tiles, shared out among the blocks of the launch.

#include "digitnet/cuda/plugin/head.cuh"

namespace digitnet::cuda {

template <int kRows, int kCols>
DIGITNET_DEVICE int64_t tiles_of(const Op& op, int64_t rows) {
  switch (op.kind) {
    case OpKind::kForward: return parts(rows, kRows) * parts(op.out, kCols);
    case OpKind::kBackward: return parts(rows, kRows) * parts(op.in, kCols);
    case OpKind::kGradient: return parts(op.in, kRows) * parts(op.out, kCols);
    case OpKind::kSums: return 1;
    default: return parts(rows, kWarps);
  }
}

DIGITNET_CALL void run_row(const Op& op, const Place& place, int64_t r) {
  switch (op.kind) {
    case OpKind::kGather: return gather_row(op, place, r);
    case OpKind::kElementwise: return elementwise_row(op, place, r);
    case OpKind::kElementwiseBackward: return elementwise_backward_row(op, place, r);
    case OpKind::kSoftmax: return softmax_row(op, r);
    case OpKind::kSoftmaxBackward: return softmax_backward_row(op, r);
    case OpKind::kLoss: return loss_row(op, place, r);
    case OpKind::kHead: return head_row(op, place, r);
    case OpKind::kDescend: return descend_row(op, place, r);
    default: return;
  }
}

template <Math kMath, int kRows, int kCols>
DIGITNET_DEVICE void run_tile(const Op& op, const Place& place, int64_t tile) {
  if (op.kind == OpKind::kSums) return add_sums(place);
  const bool product =
      op.kind == OpKind::kForward || op.kind == OpKind::kBackward || op.kind == OpKind::kGradient;
  if (!product) {
    const int64_t r = tile * kWarps + warp_index();
    if (r < place.rows) run_row(op, place, r);
    return;
  }
  run_product<kMath, kRows, kCols>(op, place, tile);
}

template <Math kMath, int kRows, int kCols>
DIGITNET_DEVICE void run_phase(const StepArguments& arguments, int64_t step, int phase) {
  const int64_t first = step * arguments.batch_size;
  const int64_t left = arguments.count - first;
  const Place place{arguments, first, left < arguments.batch_size ? left : arguments.batch_size,
                    arguments.iteration + static_cast<std::uint64_t>(step),
                    reinterpret_cast<float*>(shared_memory())};
  const Phase ops = arguments.phases[phase];
  // Tiles are numbered through all operations of the phase.
  int64_t passed = 0;
  for (int i = ops.first; i < ops.first + ops.count; ++i) {
    const Op& op = arguments.ops[i];
    const int64_t tiles = tiles_of<kRows, kCols>(op, place.rows);
    const int64_t blocks = block_count();
    int64_t tile = (block_index() - passed % blocks + blocks) % blocks;
    for (; tile < tiles; tile += blocks) run_tile<kMath, kRows, kCols>(op, place, tile);
    passed += tiles;
  }
}

}  // namespace digitnet::cuda
