#pragma once
// Kernel gradients, dkernel = x^T @ dz and dbias = sum of dz over the batch, in tiles: 96 inputs by
// one panel, or two. A tile has one owner, who sums over the whole batch in order and uses the
// result at once. Whether the zeros of x are skipped, those of dz, or none, the bits are the same
// (finite numbers given, and up to the sign of a zero).

#include <vector>

#include "digitnet/cpu/nonzero_lists.hpp"
#include "digitnet/cpu/parameter_panels.hpp"
#include "digitnet/cpu/workspace.hpp"

namespace digitnet::cpu {

struct GradientTile {
  std::size_t dense;      // index of the dense layer
  int64_t panel, panels;  // one, or two where the layer skips zeros
  int64_t row, rows;      // inputs row .. row + rows - 1
};

struct TileRange {
  int64_t begin, end;
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
  // skips: there may be zeros in dz that are worth skipping.
  TileScratch(int64_t batch, bool skips);

  // For each of at most kPanels panels, one behind the other:
  AlignedBuffer<float> dz;      // (batch, 32): dz, packed
  AlignedBuffer<float> kernel;  // (96, 32): gradient of the tile's kernel block
  AlignedBuffer<float> bias;    // (32,): gradient of the bias; in tiles with row 0 only
  std::size_t packed_dense = 0;
  int64_t packed_panel = -1;  // from which panel on dz holds; -1: none

  // Where the zeros of dz are skipped, dkernel^T = dz^T @ x:
  bool skipping = false;               // with what dz holds
  AlignedBuffer<float> turned;         // (64, batch, padded): dz^T
  NonzeroLists nonzeros;               // of turned
  AlignedBuffer<float> turned_kernel;  // (64, 96): kernel^T
};

class GradientTiles {
 public:
  static constexpr int64_t kRows = 96;  // inputs of a tile: its gradient stays in the nearest cache
  static constexpr int64_t kPanels = 2;  // what AVX-512 takes at a time of a sparse tile

  // reads_nonzeros: the first layer does. may_skip: zeros in dz may be skipped.
  GradientTiles(const Network& network, const Panels& dense, bool reads_nonzeros, bool may_skip);

  int64_t count() const { return static_cast<int64_t>(tiles_.size()); }
  const GradientTile& operator[](int64_t i) const { return tiles_[static_cast<std::size_t>(i)]; }
  // A member's share of the tiles, layer by layer, in items that it takes at a time. Shares cost
  // about the same. Where the panels (the pairs of panels) can be shared out evenly, a share of a
  // layer that reads non-zeros is the panels that the member walks in the input phase.
  std::vector<TileRange> items(int member, int members, int64_t batch) const;

  // Whether zeros in any layer's dz may be skipped, for which the scratch has room then.
  bool may_skip() const;
  // Whether the tile belongs to a layer that reads its input's non-zeros.
  bool is_sparse(const GradientTile& tile) const { return sparse_ && tile.dense == 0; }

  // From the first `batch` rows of the workspace: fills scratch.kernel (or, given a descent, which
  // a sparse tile may be, goes down there), and scratch.bias in tiles with row 0.
  void compute(const GradientTile& tile, const KernelTable& kernels, int64_t batch,
               const Workspace& work, const Descent* descent, TileScratch& scratch) const;

 private:
  // Fewer inputs do not pay for listing what is not zero in dz.
  static constexpr int64_t kFewestInputs = 256;
  // Multiplications in an item, unless its layer has fewer: taking one costs some ten nanoseconds.
  static constexpr int64_t kItemWork = 1'000'000;

  // First tile of a member's share of a dense layer; that of member `members` begins where the
  // layer ends.
  int64_t share_begin(std::size_t dense, int member, int members) const;

  void pack(const GradientTile& tile, const KernelTable& kernels, int64_t batch,
            const PaddedMatrix& dz, const PaddedMatrix& x, TileScratch& scratch) const;
  static void turn(const GradientTile& tile, const KernelTable& kernels, int64_t batch,
                   int64_t x_stride, TileScratch& scratch);
  static void multiply_skipping(const GradientTile& tile, const KernelTable& kernels,
                                const PaddedMatrix& x, TileScratch& scratch);

  bool sparse_;  // the first dense layer reads non-zeros
  std::vector<GradientTile> tiles_;
  std::vector<double> cost_before_;  // per tile, and the total at the end
  std::vector<std::size_t> first_;   // per dense layer: its first tile, and count() at the end
  std::vector<std::size_t> layer_of_dense_;
  std::vector<bool> may_skip_;  // per dense layer
};

}  // namespace digitnet::cpu
