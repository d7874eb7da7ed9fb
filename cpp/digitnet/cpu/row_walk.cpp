#include "digitnet/cpu/row_walk.hpp"

#include <algorithm>
#include <limits>

#include "digitnet/cpu/gather.hpp"
#include "digitnet/fused_loss.hpp"

namespace digitnet::cpu {

Reading RowWalk::reading_of(const Samples& samples, int64_t rows) const {
  constexpr int64_t kMostRows = std::numeric_limits<std::uint32_t>::max() / kPanelRowBytes;
  const double share = density(samples);
  const bool can = !network_.layers().empty() && network_.layers()[0].kind == LayerKind::kDense &&
                   network_.input_offset() == 0 && samples.features <= kMostRows &&
                   rows <= kMostRows;
  return {can && share < kernels_.skip_below, share};
}

const PaddedMatrix& RowWalk::output(const Workspace& work) const {
  return work.input_of(network_.layers().size());
}

bool RowWalk::fuses(const Loss& loss) const { return takes_activation(loss, network_.layers()); }

void RowWalk::gather(const Dataset& data, const std::uint32_t* order, int64_t first, RowRange rows,
                     Workspace& work) const {
  if (work.sparse) {
    gather_nonzeros(kernels_, data.x, order, first, rows, network_.input_scale(), work.nonzeros);
    work.nonzeros.list_rows(rows);
  } else {
    gather_samples(kernels_, data.x, order, first, rows, network_.input_scale(),
                   network_.input_offset(), work.input);
  }
  if (data.labels == nullptr && !data.targets) return;
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const int64_t sample = order != nullptr ? order[r] : first + r;
    if (data.labels != nullptr)
      work.labels[r] = data.labels[sample];
    else
      std::copy_n(data.targets.row(sample), data.targets.cols, work.targets.row(r));
    work.weights[r] = data.weights != nullptr ? data.weights[sample] : 1.0F;
  }
}

// Linear for the layers that have none, and for the last one where the loss takes it along.
Activation RowWalk::activation_of(std::size_t l, const Pass& pass) const {
  const bool taken = pass.fused && l + 1 == network_.layers().size();
  return taken ? Activation::kLinear : network_.layers()[l].activation;
}

void RowWalk::forward(RowRange rows, const Pass& pass, Workspace& work,
                      WalkScratch& scratch) const {
  forward_from(0, rows, pass, work, scratch);
}

bool RowWalk::has_input_panels(const Pass& pass) const {
  return !network_.layers().empty() && network_.layers()[0].kind == LayerKind::kDense &&
         activation_of(0, pass) != Activation::kSoftmax;
}

void RowWalk::forward_input(RowRange rows, PanelRange panels, const Pass& pass,
                            Workspace& work) const {
  WalkScratch none;  // the samples' zeros are read otherwise
  forward_dense(0, dense_[0], rows, panels, pass, work, none);
}

void RowWalk::forward_above_input(RowRange rows, const Pass& pass, Workspace& work,
                                  WalkScratch& scratch) const {
  forward_from(1, rows, pass, work, scratch);
}

void RowWalk::forward_from(std::size_t first, RowRange rows, const Pass& pass, Workspace& work,
                           WalkScratch& scratch) const {
  std::size_t dense = 0;
  for (std::size_t l = 0; l < network_.layers().size(); ++l) {
    const bool is_dense = network_.layers()[l].kind == LayerKind::kDense;
    const ParameterPanels* panels = is_dense ? &dense_[dense++] : nullptr;
    if (l < first) continue;
    if (is_dense)
      forward_dense(l, *panels, rows, {0, panels->panels()}, pass, work, scratch);
    else
      forward_elementwise(l, rows, pass, work);
  }
}

void RowWalk::forward_elementwise(std::size_t l, RowRange rows, const Pass& pass,
                                  Workspace& work) const {
  const Layer& layer = network_.layers()[l];
  const PaddedMatrix& x = work.input_of(l);
  PaddedMatrix& a = work.a[l];
  const int64_t count = rows.size();
  float* out = a.row(rows.begin);
  if (layer.kind == LayerKind::kDropout && pass.dropout != nullptr) {
    float* mask = work.mask[l].row(rows.begin);
    kernels_.dropout_mask({count, layer.out, layer.rate, pass.dropout->seed,
                           pass.dropout->iteration, static_cast<std::uint32_t>(rows.begin),
                           static_cast<std::uint32_t>(l), mask, a.stride()});
    kernels_.product(count, layer.out, x.row(rows.begin), mask, out, a.stride());
  } else if (layer.kind == LayerKind::kRescaling) {
    for (int64_t r = rows.begin; r < rows.end; ++r)
      kernels_.convert_f32(x.row(r), 1, layer.out, layer.scale, layer.offset, a.row(r));
  } else {
    const bool activates = layer.kind == LayerKind::kActivation;
    kernels_.activate(activates ? activation_of(l, pass) : Activation::kLinear, layer.alpha, count,
                      layer.out, x.row(rows.begin), out, a.stride());
  }
}

void RowWalk::loss(const Objective& objective, RowRange rows, const Pass& pass, float scale,
                   Workspace& work) const {
  PaddedMatrix& y = network_.layers().empty() ? work.input : work.a.back();
  const bool labelled = objective.loss.takes_labels();
  LossRows args{};
  args.loss = objective.loss;
  args.fused = pass.fused;
  args.rows = rows.size();
  args.cols = network_.output_size();
  args.output = y.row(rows.begin);
  args.output_stride = y.stride();
  args.labels = labelled ? work.labels.data() + rows.begin : nullptr;
  args.targets = labelled ? nullptr : work.targets.row(rows.begin);
  args.targets_stride = work.targets.stride();
  args.weights = work.weights.data() + rows.begin;
  args.scale = scale;
  args.delta = work.delta.empty() ? nullptr : work.delta.back().row(rows.begin);
  args.delta_stride = work.delta.empty() ? 0 : work.delta.back().stride();
  args.row_loss = work.row_loss.data() + rows.begin;
  kernels_.loss_rows(args);
  for (std::size_t m = 0; m < objective.metrics.size(); ++m)
    for (int64_t r = rows.begin; r < rows.end; ++r)
      work.row_metrics[m][r] =
          metric_of_row(objective.metrics[m], args.cols, y.row(r), labelled ? work.labels[r] : 0,
                        labelled ? nullptr : work.targets.row(r));
}

void RowWalk::backward(RowRange rows, const Pass& pass, Workspace& work,
                       WalkScratch& scratch) const {
  std::size_t dense = dense_.size();
  for (std::size_t l = network_.layers().size(); l-- > 0 && dense > 0;) {
    PaddedMatrix& delta = work.delta[dense - 1];
    backward_elementwise(l, rows, pass, delta, work);
    if (network_.layers()[l].kind != LayerKind::kDense) continue;
    --dense;
    if (dense > 0) backward_input(dense_[dense], rows, delta, work.delta[dense - 1], scratch);
  }
}

// delta: d(loss) / d(output of the layer) becomes d(loss) / d(what its elementwise part read).
void RowWalk::backward_elementwise(std::size_t l, RowRange rows, const Pass& pass,
                                   PaddedMatrix& delta, Workspace& work) const {
  const Layer& layer = network_.layers()[l];
  float* d = delta.row(rows.begin);
  if (layer.kind == LayerKind::kDropout) {
    if (pass.dropout != nullptr)
      kernels_.product(rows.size(), layer.out, d, work.mask[l].row(rows.begin), d, delta.stride());
  } else if (layer.kind == LayerKind::kRescaling) {
    for (int64_t r = rows.begin; r < rows.end; ++r)
      kernels_.convert_f32(delta.row(r), 1, layer.out, layer.scale, 0, delta.row(r));
  } else if (const Activation activation = activation_of(l, pass);
             activation != Activation::kLinear) {
    const bool reads_z = needs_preactivation(activation);
    const PaddedMatrix& z = layer.kind == LayerKind::kDense ? work.z[l] : work.input_of(l);
    kernels_.activate_backward(activation, layer.alpha, rows.size(), layer.out,
                               reads_z ? z.row(rows.begin) : nullptr, work.a[l].row(rows.begin),
                               work.a[l].stride(), d, delta.stride());
  }
}

}  // namespace digitnet::cpu
