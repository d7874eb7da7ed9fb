#include "digitnet/cpu/gradient_tiles.hpp"

#include <algorithm>

namespace digitnet::cpu {

TileScratch::TileScratch(int64_t batch)
    : dz(batch * kPanel), kernel(GradientTiles::kRows * kPanel), bias(kPanel) {}

GradientTiles::GradientTiles(const Network& network, const Panels& dense) : cost_before_{0.0} {
  for (std::size_t l = 0; l < network.layers().size(); ++l)
    if (network.layers()[l].kind == LayerKind::kDense) layer_of_dense_.push_back(l);
  for (std::size_t d = 0; d < dense.size(); ++d)
    for (int64_t p = 0; p < dense[d].panels(); ++p)
      for (int64_t row = 0; row < dense[d].in(); row += kRows) {
        const int64_t rows = std::min(kRows, dense[d].in() - row);
        tiles_.push_back({d, p, row, rows});
        cost_before_.push_back(cost_before_.back() +
                               static_cast<double>(rows * dense[d].cols_of(p)));
      }
}

int64_t GradientTiles::share_begin(int member, int members) const {
  const double cost = cost_before_.back() * member / members;
  const auto at = std::lower_bound(cost_before_.begin(), cost_before_.end(), cost);
  return at - cost_before_.begin();
}

void GradientTiles::compute(const GradientTile& tile, const KernelTable& kernels, int64_t batch,
                            const Workspace& work, TileScratch& scratch) const {
  const std::size_t layer = layer_of_dense_[tile.dense];
  const PaddedMatrix& x = layer == 0 ? work.input : work.a[layer - 1];
  const PaddedMatrix& dz = work.delta[tile.dense];
  const int64_t at = tile.panel * kPanel;
  if (scratch.packed_panel != tile.panel || scratch.packed_dense != tile.dense) {
    // Packed, a panel of dz fits the nearest cache; strided, its rows would share a few of its
    // sets.
    for (int64_t r = 0; r < batch; ++r)
      std::copy_n(dz.row(r) + at, kPanel, scratch.dz.data() + r * kPanel);
    // A narrow product leaves columns 16 .. 31 alone: they must not keep another panel's gradient.
    std::fill_n(scratch.kernel.data(), kRows * kPanel, 0.0F);
    scratch.packed_panel = tile.panel;
    scratch.packed_dense = tile.dense;
  }
  const int64_t cols = std::min(kPanel, dz.cols() - at);
  kernels.multiply({tile.rows, cols, batch, x.row(0) + tile.row, 1, x.stride(), scratch.dz.data(),
                    kPanel, scratch.kernel.data(), kPanel, nullptr});
  if (tile.row > 0) return;
  std::fill_n(scratch.bias.data(), kPanel, 0.0F);
  kernels.sum_rows(batch, cols, scratch.dz.data(), kPanel, scratch.bias.data());
}

}  // namespace digitnet::cpu
