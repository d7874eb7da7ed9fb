#include "digitnet/cuda/plugin/program.hpp"

#include <algorithm>

namespace digitnet::cuda {
namespace {

bool is_elementwise(Activation activation) { return activation != Activation::kSoftmax; }

}  // namespace

// Input, and z, a and delta of every layer: what the constructor takes at most.
int64_t Program::bytes_of_rows(int64_t input_size, const std::vector<Layer>& layers, int64_t rows) {
  int64_t floats = padded(input_size);
  for (const Layer& layer : layers) floats += 3 * padded(layer.out);
  return rows * floats * static_cast<int64_t>(sizeof(float));
}

Program::Program(int64_t input_size, const std::vector<Layer>& layers,
                 const DeviceParameters& parameters, const DeviceParameters* velocity,
                 const DeviceParameters* gradients, Purpose purpose, bool fused, int64_t rows,
                 int tile_rows, int tile_cols)
    : layers_(layers),
      parameters_(parameters),
      velocity_(velocity),
      gradients_(gradients),
      rows_(rows),
      tile_rows_(tile_rows),
      tile_cols_(tile_cols),
      memory_(bytes_of_rows(input_size, layers, rows) / static_cast<int64_t>(sizeof(float))),
      outputs_(layers.size()),
      derived_(layers.size(), false) {
  if (layers.empty() || !is_dense(0)) {
    Op gather = op_of(OpKind::kGather, 0);
    gather.in = gather.out = input_size;
    gather.a = input_ = take(input_size);
    add(gather);
  }
  const bool head = has_head(purpose, fused);
  for (std::size_t l = 0; l + (head ? 1 : 0) < layers.size(); ++l)
    forward(l, fused && l + 1 == layers.size());
  if (purpose != Purpose::kPredict) top(purpose, fused);
  output_ = layers.empty() ? input_ : outputs_.back().a;
  device_ops_ = DeviceBuffer<Op>(static_cast<int64_t>(ops_.size()));
  device_ops_.copy_in(ops_.data(), device_ops_.size());
  device_phases_ = DeviceBuffer<Phase>(static_cast<int64_t>(phases_.size()));
  device_phases_.copy_in(phases_.data(), device_phases_.size());
}

bool Program::has_head(Purpose purpose, bool fused) const {
  constexpr int64_t kHeadUnits = 32;  // of head.cuh
  if (purpose == Purpose::kPredict || layers_.size() < 2) return false;
  const Layer& last = layers_.back();
  return last.kind == LayerKind::kDense && last.units <= kHeadUnits &&
         (fused || is_elementwise(last.activation));
}

void Program::top(Purpose purpose, bool fused) {
  const bool trains = purpose == Purpose::kTrain && any_dense_below(layers_.size());
  const bool head = has_head(purpose, fused);
  std::size_t last = layers_.size() - 1;  // wraps where there is none, and is not used then
  if (head) outputs_[last].a = take(layers_[last].out);
  if (trains) outputs_[last].delta = take(layers_[last].out);
  Op op = op_of(head ? OpKind::kHead : OpKind::kLoss, last);
  op.a = layers_.empty() ? input_ : outputs_[last].a;
  if (head && !fused) op.activation = layers_[last].activation;
  if (head && trains && any_dense_below(last)) give_below(last, op);
  add(op);
  if (trains) {
    const std::size_t above = head ? last : last + 1;
    for (std::size_t l = above; l-- > 0;) backward(l, fused && l == last);
  }
  phases_.push_back({static_cast<std::int32_t>(ops_.size()), 0});
  if (trains) gradients();
  Op sums{};
  sums.kind = OpKind::kSums;
  ops_.push_back(sums);
  phases_.back().count = static_cast<std::int32_t>(ops_.size()) - phases_.back().first;
}

DeviceMatrix Program::take(int64_t cols) {
  const DeviceMatrix matrix{memory_.data() + taken_, padded(cols)};
  taken_ += rows_ * matrix.stride;
  return matrix;
}

void Program::add(const Op& op) {
  phases_.push_back({static_cast<std::int32_t>(ops_.size()), 1});
  ops_.push_back(op);
}

std::size_t Program::dense_index(std::size_t layer) const {
  std::size_t index = 0;
  for (std::size_t l = 0; l < layer; ++l) index += is_dense(l) ? 1 : 0;
  return index;
}

bool Program::any_dense_below(std::size_t layer) const {
  for (std::size_t l = 0; l < layer; ++l)
    if (is_dense(l)) return true;
  return false;
}

// What all operations of a layer share.
Op Program::op_of(OpKind kind, std::size_t l) const {
  Op op{};
  op.kind = kind;
  if (layers_.empty()) return op;
  const Layer& layer = layers_[l];
  op.layer = static_cast<std::int32_t>(l);
  op.in = layer.in;
  op.out = layer.out;
  op.x = l > 0 ? outputs_[l - 1].a : input_;
  op.z = outputs_[l].z;
  op.a = outputs_[l].a;
  op.delta = outputs_[l].delta;
  op.activation = op.below = Activation::kLinear;
  op.alpha = layer.alpha;
  op.is_dropout = layer.kind == LayerKind::kDropout;
  op.is_rescaling = layer.kind == LayerKind::kRescaling;
  op.rate = layer.rate;
  op.scale = layer.scale;
  op.offset = layer.offset;
  op.l2 = layer.kernel_l2;
  if (!is_dense(l)) return op;
  const std::size_t d = dense_index(l);
  op.kernel = parameters_.kernel(d);
  op.bias = parameters_.bias(d);
  return op;
}

// fused: the loss takes the layer's activation along.
void Program::forward(std::size_t l, bool fused) {
  const Layer& layer = layers_[l];
  const bool activates = layer.kind == LayerKind::kDense || layer.kind == LayerKind::kActivation;
  const Activation activation = activates && !fused ? layer.activation : Activation::kLinear;
  Outputs& out = outputs_[l];
  out.a = take(layer.out);
  if (is_dense(l)) {
    if (needs_preactivation(activation)) out.z = take(layer.out);
    Op op = op_of(OpKind::kForward, l);
    if (is_elementwise(activation)) op.activation = activation;
    add(op);
    if (is_elementwise(activation)) return;
    op.kind = OpKind::kSoftmax;
    op.x = op.a;
    add(op);
    return;
  }
  Op op = op_of(is_elementwise(activation) ? OpKind::kElementwise : OpKind::kSoftmax, l);
  op.activation = activation;
  add(op);
}

// Takes the layer's own derivative, then hands its delta to the layer below.
void Program::backward(std::size_t l, bool fused) {
  if (fused) derived_[l] = true;
  const bool needed = any_dense_below(l);
  if (!is_dense(l)) {
    if (!needed) return;
    Op op = op_of(OpKind::kElementwiseBackward, l);
    const bool activates = layers_[l].kind == LayerKind::kActivation && !fused;
    if (activates) {
      op.activation = layers_[l].activation;
      if (!is_elementwise(op.activation)) op.kind = OpKind::kSoftmaxBackward;
      op.z = needs_preactivation(op.activation) ? op.x : DeviceMatrix{};
    }
    op.delta_below = outputs_[l - 1].delta = take(layers_[l].in);
    return add(op);
  }
  if (!derived_[l]) backward_own(l);
  if (!needed) return;
  Op op = op_of(OpKind::kBackward, l);
  give_below(l, op);
  add(op);
}

void Program::give_below(std::size_t l, Op& op) {
  op.delta_below = outputs_[l - 1].delta = take(layers_[l].in);
  const Activation below = layers_[l - 1].activation;
  if (!is_dense(l - 1) || !is_elementwise(below)) return;
  op.below = below;
  op.below_alpha = layers_[l - 1].alpha;
  op.below_z = outputs_[l - 1].z;
  op.below_a = outputs_[l - 1].a;
  derived_[l - 1] = true;
}

// delta of a dense layer: from that of its activation to that of z, in place
void Program::backward_own(std::size_t l) {
  const Activation activation = layers_[l].activation;
  if (activation == Activation::kLinear) return;
  Op op = op_of(
      is_elementwise(activation) ? OpKind::kElementwiseBackward : OpKind::kSoftmaxBackward, l);
  op.activation = activation;
  op.delta_below = op.delta;
  add(op);
}

// All at once: by now every delta is there, and no kernel is read any more.
void Program::gradients() {
  int64_t tiles = 0;
  for (const Layer& layer : layers_)
    if (layer.kind == LayerKind::kDense)
      tiles += parts(layer.in, tile_rows_) * parts(layer.out, tile_cols_);
  penalties_ = DeviceBuffer<double>(tiles);
  double* penalties = penalties_.data();
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    if (!is_dense(l)) continue;
    const std::size_t d = dense_index(l);
    Op op = op_of(OpKind::kGradient, l);
    op.penalties = penalties;
    penalties += parts(op.in, tile_rows_) * parts(op.out, tile_cols_);
    if (velocity_ != nullptr) {
      op.velocity = velocity_->kernel(d);
      op.bias_velocity = velocity_->bias(d);
    }
    if (gradients_ != nullptr) {
      op.gradient = gradients_->kernel(d);
      op.bias_gradient = gradients_->bias(d);
    }
    ops_.push_back(op);
  }
}

double Program::penalty() const {
  std::vector<double> tiles(static_cast<std::size_t>(penalties_.size()));
  if (!tiles.empty()) penalties_.copy_out(tiles.data(), penalties_.size());
  double sum = 0;
  for (const double tile : tiles) sum += tile;
  return sum;
}

}  // namespace digitnet::cuda
