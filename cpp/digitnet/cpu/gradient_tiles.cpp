#include "digitnet/cpu/gradient_tiles.hpp"

#include <algorithm>
#include <cstring>

namespace digitnet::cpu {
namespace {

constexpr int64_t kUnits = GradientTiles::kPanels * kPanel;  // of a tile

// Whether zeros are to be expected in a dense layer's dz: behind ReLU or dropout.
bool leaves_zeros(const Network& network, std::size_t dense) {
  const auto& layers = network.layers();
  for (std::size_t l = dense; l < layers.size(); ++l) {
    if (l > dense && layers[l].kind == LayerKind::kDense) return false;
    if (layers[l].kind == LayerKind::kDropout || layers[l].activation == Activation::kRelu)
      return true;
  }
  return false;
}

}  // namespace

TileScratch::TileScratch(int64_t batch, bool skips)
    : dz(batch * kUnits), kernel(GradientTiles::kRows * kUnits), bias(kUnits) {
  if (!skips) return;
  turned = AlignedBuffer<float>(round_up(batch, kPanel) * kUnits);
  nonzeros = NonzeroLists(kUnits, batch);
  turned_kernel = AlignedBuffer<float>(GradientTiles::kRows * kUnits);
}

GradientTiles::GradientTiles(const Network& network, const Panels& dense, bool reads_nonzeros,
                             bool may_skip)
    : sparse_(reads_nonzeros && !network.layers().empty() &&
              network.layers()[0].kind == LayerKind::kDense),
      cost_before_{0.0},
      first_{0} {
  for (std::size_t l = 0; l < network.layers().size(); ++l)
    if (network.layers()[l].kind == LayerKind::kDense) layer_of_dense_.push_back(l);
  for (std::size_t d = 0; d < dense.size(); ++d) {
    const bool sparse = sparse_ && d == 0;
    may_skip_.push_back(may_skip && !sparse && dense[d].in() >= kFewestInputs &&
                        leaves_zeros(network, layer_of_dense_[d]));
    const int64_t step = sparse || may_skip_[d] ? kPanels : 1;
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

bool GradientTiles::may_skip() const {
  return std::find(may_skip_.begin(), may_skip_.end(), true) != may_skip_.end();
}

int64_t GradientTiles::share_begin(std::size_t dense, int member, int members) const {
  const double begin = cost_before_[first_[dense]], end = cost_before_[first_[dense + 1]];
  const double cost = begin + (end - begin) * member / members;
  const auto at = std::lower_bound(cost_before_.begin(), cost_before_.end(), cost);
  return at - cost_before_.begin();
}

std::vector<TileRange> GradientTiles::items(int member, int members, int64_t batch) const {
  std::vector<TileRange> items;
  for (std::size_t d = 0; d + 1 < first_.size(); ++d) {
    int64_t room = 0;  // in the last item
    const int64_t end = share_begin(d, member + 1, members);
    for (int64_t t = share_begin(d, member, members); t < end; ++t) {
      const GradientTile& tile = (*this)[t];
      if (room <= 0) {
        items.push_back({t, t});
        room = kItemWork;
      }
      items.back().end = t + 1;
      room -= tile.rows * tile.panels * kPanel * batch;
    }
  }
  return items;
}

// Packed, a panel of dz fits the nearest caches; strided, its rows would share a few of their sets.
void GradientTiles::pack(const GradientTile& tile, const KernelTable& kernels, int64_t batch,
                         const PaddedMatrix& dz, const PaddedMatrix& x,
                         TileScratch& scratch) const {
  if (scratch.packed_panel == tile.panel && scratch.packed_dense == tile.dense) return;
  scratch.packed_panel = tile.panel;
  scratch.packed_dense = tile.dense;
  for (int64_t p = 0; p < tile.panels; ++p)
    for (int64_t r = 0; r < batch; ++r)
      std::memcpy(scratch.dz.data() + (p * batch + r) * kPanel,
                  dz.row(r) + (tile.panel + p) * kPanel, kPanel * sizeof(float));
  const int64_t units = std::min(tile.panels * kPanel, dz.cols() - tile.panel * kPanel);
  // A narrow product leaves the last columns alone: they must not keep another panel's gradient.
  if (units % kPanel != 0) std::fill_n(scratch.kernel.data(), scratch.kernel.size(), 0.0F);
  scratch.skipping = may_skip_[tile.dense] && x.stride() <= NonzeroLists::kMostRowFloats &&
                     NonzeroLists::share(dz.row(0) + tile.panel * kPanel, dz.stride(), batch,
                                         units) < kernels.skip_hidden_below;
  if (scratch.skipping) turn(tile, kernels, batch, x.stride(), scratch);
}

// Lists the non-zeros of the packed dz^T.
void GradientTiles::turn(const GradientTile& tile, const KernelTable& kernels, int64_t batch,
                         int64_t x_stride, TileScratch& scratch) {
  const int64_t stride = round_up(batch, kPanel);
  for (int64_t p = 0; p < tile.panels; ++p)
    for (int64_t r = 0; r < batch; r += kPanel)
      kernels.transpose(scratch.dz.data() + (p * batch + r) * kPanel, kPanel,
                        std::min(kPanel, batch - r), kPanel,
                        scratch.turned.data() + p * kPanel * stride + r, stride);
  scratch.nonzeros.fill(kernels, scratch.turned.data(), stride, tile.panels * kPanel, batch,
                        x_stride);
}

void GradientTiles::multiply_skipping(const GradientTile& tile, const KernelTable& kernels,
                                      const PaddedMatrix& x, TileScratch& scratch) {
  scratch.nonzeros.multiply(kernels, {round_up(tile.rows, kPanel) / kPanel, x.row(0) + tile.row,
                                      kPanel, scratch.turned_kernel.data(), kRows, nullptr});
  for (int64_t p = 0; p < tile.panels; ++p)
    for (int64_t i = 0; i < tile.rows; i += kPanel)
      kernels.transpose(scratch.turned_kernel.data() + p * kPanel * kRows + i, kRows, kPanel,
                        std::min(kPanel, tile.rows - i),
                        scratch.kernel.data() + (p * kRows + i) * kPanel, kPanel);
}

void GradientTiles::compute(const GradientTile& tile, const KernelTable& kernels, int64_t batch,
                            const Workspace& work, const Descent* descent,
                            TileScratch& scratch) const {
  const PaddedMatrix& dz = work.delta[tile.dense];
  const PaddedMatrix& x = work.input_of(layer_of_dense_[tile.dense]);
  pack(tile, kernels, batch, dz, x, scratch);
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
  } else if (scratch.skipping) {
    multiply_skipping(tile, kernels, x, scratch);
  } else {
    for (int64_t p = 0; p < tile.panels; ++p)
      kernels.multiply({tile.rows, std::min(kPanel, dz.cols() - (tile.panel + p) * kPanel), batch,
                        x.row(0) + tile.row, 1, x.stride(), scratch.dz.data() + p * batch * kPanel,
                        kPanel, scratch.kernel.data() + p * kRows * kPanel, kPanel, nullptr});
  }
  if (tile.row > 0) return;
  std::fill_n(scratch.bias.data(), scratch.bias.size(), 0.0F);
  for (int64_t p = 0; p < tile.panels; ++p)
    kernels.sum_rows(batch, kPanel, scratch.dz.data() + p * batch * kPanel, kPanel,
                     scratch.bias.data() + p * kPanel);
}

}  // namespace digitnet::cpu
