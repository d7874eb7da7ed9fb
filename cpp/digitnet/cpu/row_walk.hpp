#pragma once
// The way of a few rows through the network, forward and backward. Rows are independent of each
// other here: whoever walks which rows, every value has the same bits.

#include "digitnet/cpu/nonzero_lists.hpp"
#include "digitnet/cpu/parameter_panels.hpp"
#include "digitnet/cpu/workspace.hpp"

namespace digitnet::cpu {

// Rows that pass through all layers together, so that their activations stay in the level-2 cache.
inline constexpr int64_t kBlockRows = 96;

// How samples are read: as their non-zeros alone or whole.
struct Reading {
  bool sparse;
  double density;  // share of the values that are not zero
};

struct PanelRange {
  int64_t begin, end;
};

// How one pass over the network goes.
struct Pass {
  // The loss takes the last activation along (see RowWalk::fuses): the walk leaves it out.
  bool fused = false;
  const DropoutState* dropout = nullptr;  // null: no dropout, as outside training
};

// Where one thread's walks compute, beside the workspace.
struct WalkScratch {
  AlignedBuffer<float> transposed;  // a slice of a kernel, for the way back
  NonzeroLists nonzeros;            // of what a layer reads, on either way
};

class RowWalk {
 public:
  RowWalk(const Network& network, const Panels& dense, const KernelTable& kernels)
      : network_(network), dense_(dense), kernels_(kernels) {}

  // How batches of `rows` samples are read faster. Either way gives the same bits.
  Reading reading_of(const Samples& samples, int64_t rows) const;

  // Row r of the workspace takes sample order[r], or first + r where order is null.
  void gather(const Dataset& data, const std::uint32_t* order, int64_t first, RowRange rows,
              Workspace& work) const;
  void forward(RowRange rows, const Pass& pass, Workspace& work, WalkScratch& scratch) const;
  // The same in two steps, where the first layer is dense and not softmax: its output in some of
  // its panels; then, when that is there for all panels, the layers above.
  void forward_input(RowRange rows, PanelRange panels, const Pass& pass, Workspace& work) const;
  void forward_above_input(RowRange rows, const Pass& pass, Workspace& work,
                           WalkScratch& scratch) const;
  bool has_input_panels(const Pass& pass) const;
  // Row losses, metrics and (where the workspace has deltas) the gradient at the last layer, of
  // scale * sum of the row losses.
  void loss(const Objective& objective, RowRange rows, const Pass& pass, float scale,
            Workspace& work) const;
  // Every dense layer's dz, from what loss wrote.
  void backward(RowRange rows, const Pass& pass, Workspace& work, WalkScratch& scratch) const;

  const PaddedMatrix& output(const Workspace& work) const;
  // For walks of at most `rows` samples. Few rows need none of it where they go forward alone.
  WalkScratch make_scratch(int64_t rows, Purpose purpose) const;
  // True where the loss takes the last activation along: softmax with a categorical cross-entropy,
  // sigmoid with the binary one. That form has no cancellation and no clipping.
  bool fuses(const Loss& loss) const;

 private:
  // Fewer rows, or outputs, do not pay for the list of their non-zeros.
  static constexpr int64_t kFewestToSkip = 32, kFewestOutputs = 96;

  Activation activation_of(std::size_t layer, const Pass& pass) const;
  bool skips_zeros(const PaddedMatrix& x, RowRange rows, int64_t outputs) const;
  void forward_from(std::size_t first, RowRange rows, const Pass& pass, Workspace& work,
                    WalkScratch& scratch) const;
  void forward_dense(std::size_t layer, const ParameterPanels& dense, RowRange rows,
                     PanelRange panels, const Pass& pass, Workspace& work,
                     WalkScratch& scratch) const;
  void forward_elementwise(std::size_t layer, RowRange rows, const Pass& pass,
                           Workspace& work) const;
  void backward_elementwise(std::size_t layer, RowRange rows, const Pass& pass, PaddedMatrix& delta,
                            Workspace& work) const;
  void backward_input(const ParameterPanels& dense, RowRange rows, const PaddedMatrix& dz,
                      PaddedMatrix& da, WalkScratch& scratch) const;

  const Network& network_;
  const Panels& dense_;
  const KernelTable& kernels_;
};

}  // namespace digitnet::cpu
