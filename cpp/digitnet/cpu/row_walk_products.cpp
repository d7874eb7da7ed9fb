// The products of a walk: of a dense layer, and on the way back that with its kernel transposed.

#include <algorithm>

#include "digitnet/cpu/row_walk.hpp"

namespace digitnet::cpu {

WalkScratch RowWalk::make_scratch(int64_t rows, Purpose purpose) const {
  const bool trains = purpose == Purpose::kTrain;
  int64_t turned = 0, listed = 0;
  std::size_t d = 0;
  for (std::size_t l = 0; l < network_.layers().size(); ++l) {
    if (network_.layers()[l].kind != LayerKind::kDense) continue;
    const ParameterPanels& dense = dense_[d++];
    const bool goes_back = trains && d > 1;
    if (l > 0 && dense.units() >= kFewestOutputs) listed = std::max(listed, dense.in());
    if (goes_back) turned = std::max(turned, dense.panels());
    if (goes_back && dense.in() >= kFewestOutputs) listed = std::max(listed, dense.units());
  }
  WalkScratch scratch;
  scratch.transposed = AlignedBuffer<float>(kBlockPanels * turned * kPanel * kPanel);
  if (rows >= kFewestToSkip && listed > 0 && kernels_.skip_hidden_below > 0)
    scratch.nonzeros = NonzeroLists(rows, listed);
  return scratch;
}

// Whether x's zeros, which ReLU and dropout leave, are skipped in a product of so many columns.
// Either way gives the same bits, as long as all numbers are finite, and up to the sign of a zero.
bool RowWalk::skips_zeros(const PaddedMatrix& x, RowRange rows, int64_t outputs) const {
  return kernels_.skip_hidden_below > 0 && rows.size() >= kFewestToSkip &&
         outputs >= kFewestOutputs &&
         NonzeroLists::share(x.row(rows.begin), x.stride(), rows.size(), x.cols()) <
             kernels_.skip_hidden_below;
}

void RowWalk::forward_dense(std::size_t l, const ParameterPanels& dense, RowRange rows,
                            PanelRange panels, const Pass& pass, Workspace& work,
                            WalkScratch& scratch) const {
  const Layer& layer = network_.layers()[l];
  const Activation activation = activation_of(l, pass);
  const bool sparse = l == 0 && work.sparse;
  PaddedMatrix& a = work.a[l];
  PaddedMatrix& z = needs_preactivation(activation) ? work.z[l] : a;
  const bool whole_rows = activation == Activation::kSoftmax;
  const PaddedMatrix& x = work.input_of(l);
  const bool skips = l > 0 && skips_zeros(x, rows, layer.out);
  if (sparse)
    kernels_.sparse_multiply({work.nonzeros.row_list(rows.begin), rows.size(),
                              panels.end - panels.begin, dense.kernel(panels.begin),
                              dense.in() * kPanel, z.row(0) + panels.begin * kPanel, kPanel,
                              z.stride(), dense.bias(panels.begin)});
  if (skips) {
    scratch.nonzeros.fill(kernels_, x.row(rows.begin), x.stride(), rows.size(), layer.in, kPanel);
    scratch.nonzeros.multiply(
        kernels_,
        {panels.end - panels.begin, dense.kernel(panels.begin), dense.in() * kPanel,
         z.row(rows.begin) + panels.begin * kPanel, z.stride(), dense.bias(panels.begin)});
  }
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    const int64_t cols = dense.cols_of(p), at = p * kPanel;
    if (!sparse && !skips)
      kernels_.multiply({rows.size(), cols, layer.in, x.row(rows.begin), x.stride(), 1,
                         dense.kernel(p), kPanel, z.row(rows.begin) + at, z.stride(),
                         dense.bias(p)});
    // Right behind the product, while the block is in the nearest cache (skipping took all panels).
    if (!whole_rows && activation != Activation::kLinear)
      kernels_.activate(activation, layer.alpha, rows.size(), cols, z.row(rows.begin) + at,
                        a.row(rows.begin) + at, a.stride());
  }
  if (whole_rows)
    kernels_.activate(activation, layer.alpha, rows.size(), layer.out, z.row(rows.begin),
                      a.row(rows.begin), a.stride());
}

// da = dz @ kernel^T, 96 inputs at a time: their slice of the kernel is transposed into scratch,
// 4 KiB blocks each, and serves all rows.
void RowWalk::backward_input(const ParameterPanels& dense, RowRange rows, const PaddedMatrix& dz,
                             PaddedMatrix& da, WalkScratch& scratch) const {
  const int64_t depth = dense.panels() * kPanel;  // of a transposed panel
  const bool skips = skips_zeros(dz, rows, dense.in());
  if (skips)
    scratch.nonzeros.fill(kernels_, dz.row(rows.begin), dz.stride(), rows.size(), dense.units(),
                          kPanel);
  for (int64_t begin = 0; begin < dense.in(); begin += kBlockPanels * kPanel) {
    const int64_t end = std::min(begin + kBlockPanels * kPanel, dense.in());
    float* slice = scratch.transposed.data();
    for (int64_t i = begin; i < end; i += kPanel, slice += depth * kPanel)
      for (int64_t p = 0; p < dense.panels(); ++p)
        kernels_.transpose(dense.kernel(p) + i * kPanel, kPanel, std::min(kPanel, end - i),
                           dense.cols_of(p), slice + p * kPanel * kPanel, kPanel);
    slice = scratch.transposed.data();
    if (skips) {
      scratch.nonzeros.multiply(kernels_,
                                {(end - begin + kPanel - 1) / kPanel, slice, depth * kPanel,
                                 da.row(rows.begin) + begin, da.stride(), nullptr});
      continue;
    }
    for (int64_t i = begin; i < end; i += kPanel, slice += depth * kPanel)
      kernels_.multiply({rows.size(), std::min(kPanel, end - i), dense.units(), dz.row(rows.begin),
                         dz.stride(), 1, slice, kPanel, da.row(rows.begin) + i, da.stride(),
                         nullptr});
  }
}

}  // namespace digitnet::cpu
