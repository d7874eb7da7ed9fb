#pragma once
// Kernel gradients, dkernel = x^T @ dz and dbias = sum of dz over the batch, in tiles: 96 inputs by
// one panel, or two. A tile has one owner, who sums over the whole batch in order and uses the
// result at once.

#include <vector>

#include "digitnet/cpu/parameter_panels.hpp"
#include "digitnet/cpu/workspace.hpp"

namespace digitnet::cpu {

struct GradientTile {
  std::size_t dense;      // index of the dense layer
  int64_t panel, panels;  // one, or two where the layer reads non-zeros
  int64_t row, rows;      // inputs row .. row + rows - 1
};

// Plain gradient descent on a tile's part of the kernel, kernel -= rate * gradient: the product can
// do it without writing the gradient down.
struct Descent {
  float* kernel;  // panel p of the tile begins at kernel + p * panel_step
  int64_t panel_step;
  float rate;
};

// Where a member of the team computes its tiles.
struct TileScratch {
  explicit TileScratch(int64_t batch);

  // For each of at most kPanels panels, one behind the other:
  AlignedBuffer<float> dz;      // (batch, 32): dz, packed
  AlignedBuffer<float> kernel;  // (96, 32): gradient of the tile's kernel block
  AlignedBuffer<float> bias;    // (32,): gradient of the bias; in tiles with row 0 only
  std::size_t packed_dense = 0;
  int64_t packed_panel = -1;  // which panel dz holds; -1: none
};

class GradientTiles {
 public:
  static constexpr int64_t kRows = 96;  // inputs of a tile: its gradient stays in the nearest cache
  static constexpr int64_t kPanels = 2;  // of a sparse tile: what AVX-512 takes at a time

  // reads_nonzeros: the first layer does.
  GradientTiles(const Network& network, const Panels& dense, bool reads_nonzeros);

  int64_t count() const { return static_cast<int64_t>(tiles_.size()); }
  const GradientTile& operator[](int64_t i) const { return tiles_[static_cast<std::size_t>(i)]; }
  // First tile of a member's share of a dense layer; shares cost about the same, and that of member
  // `members` begins where the layer ends. Where the panels (the pairs of panels) can be shared out
  // evenly, a share is the panels that the member walks in the input phase.
  int64_t share_begin(std::size_t dense, int member, int members) const;

  // Whether the tile belongs to a layer that reads non-zeros.
  bool is_sparse(const GradientTile& tile) const { return sparse_ && tile.dense == 0; }

  // From the first `batch` rows of the workspace: fills scratch.kernel (or, given a descent, which
  // a sparse tile may be, goes down there), and scratch.bias in tiles with row 0.
  void compute(const GradientTile& tile, const KernelTable& kernels, int64_t batch,
               const Workspace& work, const Descent* descent, TileScratch& scratch) const;

 private:
  static void pack(const GradientTile& tile, int64_t batch, const PaddedMatrix& dz,
                   TileScratch& scratch);

  bool sparse_;  // the first dense layer reads non-zeros
  std::vector<GradientTile> tiles_;
  std::vector<double> cost_before_;  // per tile, and the total at the end
  std::vector<std::size_t> first_;   // per dense layer: its first tile, and count() at the end
  std::vector<std::size_t> layer_of_dense_;
};

}  // namespace digitnet::cpu
