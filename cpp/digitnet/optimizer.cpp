#include "digitnet/optimizer.hpp"

#include <cmath>

#include "digitnet/error.hpp"

namespace digitnet {
namespace {

void check_not_negative(float value, const char* name) {
  check(std::isfinite(value) && value >= 0, name, " must be finite and not negative, got ", value);
}

void check_rule(const Sgd& sgd) {
  check_not_negative(sgd.learning_rate, "learning_rate");
  check(sgd.momentum >= 0 && sgd.momentum <= 1, "momentum must be in [0, 1], got ", sgd.momentum);
  check_not_negative(sgd.weight_decay, "weight_decay");
}

void check_rule(const Adam& adam) {
  check_not_negative(adam.learning_rate, "learning_rate");
  check(adam.beta_1 >= 0 && adam.beta_1 < 1, "beta_1 must be in [0, 1), got ", adam.beta_1);
  check(adam.beta_2 >= 0 && adam.beta_2 < 1, "beta_2 must be in [0, 1), got ", adam.beta_2);
  // Parameters whose gradient is always zero, and padding, would become 0 / 0.
  check(std::isfinite(adam.epsilon) && adam.epsilon > 0,
        "epsilon must be finite and positive, got ", adam.epsilon);
  check_not_negative(adam.weight_decay, "weight_decay");
}

}  // namespace

void check_optimizer(const Optimizer& optimizer, std::int64_t steps) {
  std::visit([](const auto& rule) { check_rule(rule); }, optimizer.rule);
  check(optimizer.clipvalue > 0, "clipvalue must be positive, got ", optimizer.clipvalue);
  check(optimizer.clipnorm > 0, "clipnorm must be positive, got ", optimizer.clipnorm);
  check(optimizer.global_clipnorm > 0, "global_clipnorm must be positive, got ",
        optimizer.global_clipnorm);
  const int limits = (optimizer.clipvalue != Optimizer::kNoLimit ? 1 : 0) +
                     (optimizer.clipnorm != Optimizer::kNoLimit ? 1 : 0) +
                     (optimizer.global_clipnorm != Optimizer::kNoLimit ? 1 : 0);
  check(limits <= 1, "only one of clipvalue, clipnorm and global_clipnorm may be given, got ",
        limits);
  check(optimizer.rates.empty() || static_cast<std::int64_t>(optimizer.rates.size()) == steps,
        "rates must hold a learning rate for each of ", steps, " steps, got ",
        optimizer.rates.size());
  for (const float rate : optimizer.rates) check_not_negative(rate, "every learning rate");
}

}  // namespace digitnet
