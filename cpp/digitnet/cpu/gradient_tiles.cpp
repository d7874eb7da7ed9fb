#include "digitnet/cpu/gradient_tiles.hpp"

#include <algorithm>
#include <cstring>

namespace digitnet::cpu {

TileScratch::TileScratch(int64_t batch)
    : dz(batch * kPanel * GradientTiles::kPanels),
      kernel(GradientTiles::kRows * kPanel * GradientTiles::kPanels),
      bias(kPanel * GradientTiles::kPanels) {}

GradientTiles::GradientTiles(const Network& network, const Panels& dense, bool reads_nonzeros)
    : sparse_(reads_nonzeros && !network.layers().empty() &&
              network.layers()[0].kind == LayerKind::kDense),
      cost_before_{0.0},
      first_{0} {
  for (std::size_t l = 0; l < network.layers().size(); ++l)
    if (network.layers()[l].kind == LayerKind::kDense) layer_of_dense_.push_back(l);
  for (std::size_t d = 0; d < dense.size(); ++d) {
    const int64_t step = sparse_ && d == 0 ? kPanels : 1;
    for (int64_t p = 0; p < dense[d].panels(); p += step)
      for (int64_t row = 0; row < dense[d].in(); row += kRows) {
        const int64_t rows = std::min(kRows, dense[d].in() - row);
        const int64_t panels = std::min(step, dense[d].panels() - p);
        tiles_.push_back({d, p, panels, row, rows});
        cost_before_.push_back(cost_before_.back() + static_cast<double>(rows * panels));
      }
    first_.push_back(tiles_.size());
  }
}

int64_t GradientTiles::share_begin(std::size_t dense, int member, int members) const {
  const double begin = cost_before_[first_[dense]], end = cost_before_[first_[dense + 1]];
  const double cost = begin + (end - begin) * member / members;
  const auto at = std::lower_bound(cost_before_.begin(), cost_before_.end(), cost);
  return at - cost_before_.begin();
}

// Packed, a panel of dz fits the nearest caches; strided, its rows would share a few of their sets.
void GradientTiles::pack(const GradientTile& tile, int64_t batch, const PaddedMatrix& dz,
                         TileScratch& scratch) {
  if (scratch.packed_panel == tile.panel && scratch.packed_dense == tile.dense) return;
  for (int64_t p = 0; p < tile.panels; ++p)
    for (int64_t r = 0; r < batch; ++r)
      std::memcpy(scratch.dz.data() + (p * batch + r) * kPanel,
                  dz.row(r) + (tile.panel + p) * kPanel, kPanel * sizeof(float));
  // A narrow product leaves the last columns alone: they must not keep another panel's gradient.
  std::fill_n(scratch.kernel.data(), kRows * kPanel, 0.0F);
  scratch.packed_panel = tile.panel;
  scratch.packed_dense = tile.dense;
}

void GradientTiles::compute(const GradientTile& tile, const KernelTable& kernels, int64_t batch,
                            const Workspace& work, const Descent* descent,
                            TileScratch& scratch) const {
  const PaddedMatrix& dz = work.delta[tile.dense];
  pack(tile, batch, dz, scratch);
  if (is_sparse(tile)) {
    SparseMultiply product{work.nonzeros.column_list(tile.row),
                           tile.rows,
                           tile.panels,
                           scratch.dz.data(),
                           batch * kPanel,
                           scratch.kernel.data(),
                           kRows * kPanel,
                           kPanel,
                           nullptr};
    if (descent != nullptr) {
      product.c = descent->kernel;
      product.c_panel = descent->panel_step;
      product.descends = true;
      product.rate = descent->rate;
    }
    kernels.sparse_multiply(product);
  } else {
    const std::size_t layer = layer_of_dense_[tile.dense];
    const PaddedMatrix& x = layer == 0 ? work.input : work.a[layer - 1];
    kernels.multiply({tile.rows, std::min(kPanel, dz.cols() - tile.panel * kPanel), batch,
                      x.row(0) + tile.row, 1, x.stride(), scratch.dz.data(), kPanel,
                      scratch.kernel.data(), kPanel, nullptr});
  }
  if (tile.row > 0) return;
  std::fill_n(scratch.bias.data(), scratch.bias.size(), 0.0F);
  for (int64_t p = 0; p < tile.panels; ++p)
    kernels.sum_rows(batch, kPanel, scratch.dz.data() + p * batch * kPanel, kPanel,
                     scratch.bias.data() + p * kPanel);
}

}  // namespace digitnet::cpu
