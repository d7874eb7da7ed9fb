#pragma once
// A network as operations and phases (step.hpp), with the memory that they work in.

#include <vector>

#include "digitnet/cuda/plugin/device.hpp"
#include "digitnet/cuda/plugin/parameters.hpp"
#include "digitnet/network.hpp"

namespace digitnet::cuda {

enum class Purpose { kPredict, kEvaluate, kTrain };

class Program {
 public:
  // For steps of at most `rows` rows of input_size features. velocity, gradients: null where there
  // are none. penalties: room for the penalties of each tile of tile_rows x tile_cols.
  Program(int64_t input_size, const std::vector<Layer>& layers, const DeviceParameters& parameters,
          const DeviceParameters* velocity, const DeviceParameters* gradients, Purpose purpose,
          bool fused, int64_t rows, int tile_rows, int tile_cols);

  const Op* ops() const { return device_ops_.data(); }
  const Phase* phases() const { return device_phases_.data(); }
  int phase_count() const { return static_cast<int>(phases_.size()); }
  // What the last layer gives, (rows, outputs).
  const DeviceMatrix& output() const { return output_; }
  // Sum over all tiles so far.
  double penalty() const;

  // Bytes that the matrices of `rows` rows take.
  static int64_t bytes_of_rows(int64_t input_size, const std::vector<Layer>& layers, int64_t rows);

 private:
  // The matrices of a layer: what its elementwise part reads (kept where the derivative needs it),
  // what it gives, and the loss' gradient with respect to that.
  struct Outputs {
    DeviceMatrix z{}, a{}, delta{};
  };

  DeviceMatrix take(int64_t cols);
  void add(const Op& op);  // in a phase of its own
  Op op_of(OpKind kind, std::size_t layer) const;
  void forward(std::size_t layer, bool fused);
  bool has_head(Purpose purpose,
                bool fused) const;             // the last layer and the loss are one operation
  void top(Purpose purpose, bool fused);       // last layer, loss, and the way back
  void give_below(std::size_t layer, Op& op);  // delta_below, through the activation there
  void backward(std::size_t layer, bool fused);
  void backward_own(std::size_t layer);
  void gradients();
  bool is_dense(std::size_t layer) const { return layers_[layer].kind == LayerKind::kDense; }
  bool any_dense_below(std::size_t layer) const;
  std::size_t dense_index(std::size_t layer) const;

  const std::vector<Layer>& layers_;
  const DeviceParameters& parameters_;
  const DeviceParameters *velocity_, *gradients_;
  int64_t rows_;
  int tile_rows_, tile_cols_;
  DeviceBuffer<float> memory_;
  int64_t taken_ = 0;
  std::vector<Outputs> outputs_;
  std::vector<bool> derived_;  // a layer's delta has its own derivative already
  DeviceMatrix input_{}, output_{};
  std::vector<Op> ops_;
  std::vector<Phase> phases_;
  DeviceBuffer<Op> device_ops_;
  DeviceBuffer<Phase> device_phases_;
  DeviceBuffer<double> penalties_;
};

}  // namespace digitnet::cuda
