#include "digitnet/cpu/update_sink.hpp"

#include <cmath>
#include <cstring>

namespace digitnet::cpu {
namespace {

AdamStep step_of(const Adam& adam, double t) {
  const double alpha =
      adam.learning_rate * std::sqrt(1 - std::pow(adam.beta_2, t)) / (1 - std::pow(adam.beta_1, t));
  return {adam.weight_decay * adam.learning_rate, static_cast<float>(1 - adam.beta_1),
          static_cast<float>(1 - adam.beta_2), static_cast<float>(alpha), adam.epsilon};
}

int64_t tiles_of(int64_t rows) { return (rows + GradientTiles::kRows - 1) / GradientTiles::kRows; }

double sum_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

// The factor that brings a norm down to a limit; NaN for NaN.
float scale_to(float limit, double squares) {
  const double norm = std::sqrt(squares);
  return norm <= static_cast<double>(limit) ? 1.0F : static_cast<float>(limit / norm);
}

bool is_limited(const ParameterPanels& dense) {
  return dense.kernel_max_norm() != Optimizer::kNoLimit;
}

}  // namespace

UpdateSink::UpdateSink(const KernelTable& kernels, const Optimizer& optimizer, bool adds_penalty,
                       const Network& network, Panels& dense, std::vector<Panels>& slots)
    : kernels_(kernels),
      optimizer_(optimizer),
      adds_penalty_(adds_penalty),
      dense_(dense),
      slots_(slots),
      rule_(optimizer.rule) {
  for (const ParameterPanels& d : dense) constrained_ = constrained_ || is_limited(d);
  if (!optimizer.clips_norm()) return;
  gradients_ = make_panels(network);
  for (const ParameterPanels& d : dense) {
    const auto panels = static_cast<std::size_t>(d.panels());
    const auto tiles = static_cast<std::size_t>(tiles_of(d.in()));
    squares_.push_back({std::vector<double>(panels * tiles), std::vector<double>(panels)});
  }
}

void UpdateSink::begin(int64_t step) {
  if (!optimizer_.rates.empty())
    std::visit(
        [&](auto& rule) { rule.learning_rate = optimizer_.rates[static_cast<std::size_t>(step)]; },
        rule_);
  if (const Adam* adam = std::get_if<Adam>(&rule_))
    adam_ =
        step_of(*adam, static_cast<double>(optimizer_.iterations) + static_cast<double>(step) + 1);
}

std::optional<Descent> UpdateSink::descent(const GradientTile& tile) {
  ParameterPanels& w = dense_[tile.dense];
  const Sgd* sgd = std::get_if<Sgd>(&rule_);
  const bool plain = sgd != nullptr && !sgd->has_velocity() && sgd->weight_decay == 0 &&
                     w.kernel_l2() == 0 && gradients_.empty() &&
                     optimizer_.clipvalue == Optimizer::kNoLimit;
  if (!plain) return std::nullopt;
  return Descent{w.kernel(tile.panel) + tile.row * kPanel, w.in() * kPanel, sgd->learning_rate};
}

void UpdateSink::take(const GradientTile& tile, float* kernel, float* bias) {
  const ParameterPanels& w = dense_[tile.dense];
  const float l2 = adds_penalty_ ? 2 * w.kernel_l2() : 0;  // d(l2 w^2) / dw = 2 l2 w
  Squares* squares = gradients_.empty() ? nullptr : &squares_[tile.dense];
  if (kernel != nullptr) {
    const int64_t at = tile.panel * tiles_of(w.in()) + tile.row / GradientTiles::kRows;
    handle({tile.dense, tile.panel, tile.row, tile.rows * kPanel, false}, l2, kernel,
           squares != nullptr ? &squares->kernel[static_cast<std::size_t>(at)] : nullptr);
  }
  if (bias != nullptr && w.has_bias())
    handle({tile.dense, tile.panel, 0, kPanel, true}, 0, bias,
           squares != nullptr ? &squares->bias[static_cast<std::size_t>(tile.panel)] : nullptr);
}

// squares: null where the gradient is not collected.
void UpdateSink::handle(const Part& part, float l2, float* gradient, double* squares) {
  if (squares == nullptr) return update(part, l2, 1, gradient);
  if (l2 != 0) kernels_.clip({l2, 1, Optimizer::kNoLimit}, part.count, part.of(dense_), gradient);
  std::memcpy(part.of(gradients_), gradient, static_cast<std::size_t>(part.count) * sizeof(float));
  *squares = kernels_.sum_squares(part.count, gradient);
}

void UpdateSink::update(const Part& part, float l2, float scale, float* gradient) {
  float* w = part.of(dense_);
  if (scale != 1 || optimizer_.clipvalue != Optimizer::kNoLimit) {
    kernels_.clip({l2, scale, optimizer_.clipvalue}, part.count, w, gradient);
    l2 = 0;
  }
  if (const Sgd* sgd = std::get_if<Sgd>(&rule_))
    kernels_.sgd(*sgd, l2, part.count, w, gradient,
                 sgd->has_velocity() ? part.of(slots_[0]) : nullptr);
  else
    kernels_.adam(adam_, l2, part.count, w, gradient, part.of(slots_[0]), part.of(slots_[1]));
}

// Where a global norm is the limit, every gradient's; all: the squares of all gradients.
UpdateSink::Scales UpdateSink::scales_of(const Squares& dense, double all) const {
  if (optimizer_.global_clipnorm != Optimizer::kNoLimit) {
    const float scale = scale_to(optimizer_.global_clipnorm, all);
    return {scale, scale};
  }
  return {scale_to(optimizer_.clipnorm, sum_of(dense.kernel)),
          scale_to(optimizer_.clipnorm, sum_of(dense.bias))};
}

void UpdateSink::finish(int member, int members) {
  double all = 0;  // every member adds up the same numbers in the same order
  for (const Squares& dense : squares_) all += sum_of(dense.kernel) + sum_of(dense.bias);
  for (std::size_t d = 0; d < dense_.size(); ++d) {
    const ParameterPanels& w = dense_[d];
    const PanelRange mine{w.panels() * member / members, w.panels() * (member + 1) / members};
    if (!gradients_.empty()) update_panels(d, mine, scales_of(squares_[d], all));
    if (!is_limited(w)) continue;
    for (int64_t p = mine.begin; p < mine.end; ++p)
      kernels_.max_norm(w.in(), w.kernel_max_norm(), dense_[d].kernel(p));
  }
}

// From their collected gradients.
void UpdateSink::update_panels(std::size_t d, PanelRange panels, const Scales& scales) {
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    const Part kernel{d, p, 0, dense_[d].in() * kPanel, false}, bias{d, p, 0, kPanel, true};
    update(kernel, 0, scales.kernel, kernel.of(gradients_));
    if (dense_[d].has_bias()) update(bias, 0, scales.bias, bias.of(gradients_));
  }
}

}  // namespace digitnet::cpu
