#pragma once
// An optimizer's settings for its next steps.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <variant>
#include <vector>

#include "digitnet/update_rule.hpp"

namespace digitnet {

struct Optimizer {
  static constexpr float kNoLimit = std::numeric_limits<float>::infinity();

  Optimizer() = default;
  Optimizer(const Sgd& sgd) : rule(sgd) {}  // NOLINT: a rule is an optimizer without extras

  std::variant<Sgd, Adam> rule;
  // Gradients, the L2 penalty's part included, are limited before the step, at most one way: each
  // value to [-clipvalue, clipvalue]; each kernel's and bias's norm; the norm of them all.
  float clipvalue = kNoLimit, clipnorm = kNoLimit, global_clipnorm = kNoLimit;
  std::vector<float> rates;      // learning rate of each of the next steps; empty: that of the rule
  std::uint64_t iterations = 0;  // steps it has done: Adam's t - 1

  bool clips_norm() const { return clipnorm != kNoLimit || global_clipnorm != kNoLimit; }
  // How many numbers it keeps beside each parameter: velocity, or m and v.
  std::size_t slots() const {
    if (const Sgd* sgd = std::get_if<Sgd>(&rule)) return sgd->has_velocity() ? 1 : 0;
    return 2;
  }
};

// Throws std::invalid_argument unless every setting is in range and rates has none or `steps`.
void check_optimizer(const Optimizer& optimizer, std::int64_t steps);

}  // namespace digitnet
