#include "digitnet/trainer.hpp"

#include <chrono>
#include <cmath>
#include <mutex>

#include "digitnet/error.hpp"
#include "digitnet/random.hpp"

namespace digitnet {
namespace {

using ExclusiveLock = std::unique_lock<std::shared_mutex>;
using SharedLock = std::shared_lock<std::shared_mutex>;

// Passes totals on by the clock, so that neither many small steps nor few large ones cost or hide
// much.
class ClockedMonitor : public Monitor {
 public:
  explicit ClockedMonitor(const ProgressFunction& progress) : progress_(progress) {}

  bool keep_going(const Totals& totals) override {
    const auto now = std::chrono::steady_clock::now();
    if (progress_ && now - last_ >= std::chrono::milliseconds(50)) {
      progress_(totals);
      last_ = std::chrono::steady_clock::now();
    }
    return true;
  }

 private:
  const ProgressFunction& progress_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

void check_sgd(const Sgd& sgd) {
  check(std::isfinite(sgd.learning_rate) && sgd.learning_rate >= 0,
        "learning_rate must be finite and not negative, got ", sgd.learning_rate);
  check(sgd.momentum >= 0 && sgd.momentum <= 1, "momentum must be in [0, 1], got ", sgd.momentum);
  check(std::isfinite(sgd.weight_decay) && sgd.weight_decay >= 0,
        "weight_decay must be finite and not negative, got ", sgd.weight_decay);
}

void check_loss(const Loss& loss) {
  check(loss.label_smoothing >= 0 && loss.label_smoothing <= 1,
        "label_smoothing must be in [0, 1], got ", loss.label_smoothing);
  check(std::isfinite(loss.delta) && loss.delta > 0, "delta must be finite and positive, got ",
        loss.delta);
}

}  // namespace

Trainer::Trainer(std::int64_t input_size, const std::vector<Layer>& layers,
                 const std::string& device, std::uint64_t seed)
    : network_(input_size, layers), engine_(make_engine(device, network_)) {
  state_.seed = seed;
}

RunState Trainer::state() const {
  const SharedLock lock(mutex_);
  return state_;
}

void Trainer::set_state(const RunState& state) {
  const ExclusiveLock lock(mutex_);
  state_ = state;
}

Parameters Trainer::parameters() const {
  const SharedLock lock(mutex_);
  return engine_->parameters();
}

void Trainer::set_parameters(const Parameters& parameters) {
  network_.check_parameters(parameters, "weights");
  const ExclusiveLock lock(mutex_);
  engine_->set_parameters(parameters);
}

Parameters Trainer::velocity() const {
  const SharedLock lock(mutex_);
  return engine_->velocity();
}

void Trainer::set_velocity(const Parameters& velocity) {
  if (!velocity.empty()) network_.check_parameters(velocity, "velocity");
  const ExclusiveLock lock(mutex_);
  engine_->set_velocity(velocity);
}

void Trainer::check_objective(const Dataset& data, const Objective& objective) const {
  check_loss(objective.loss);
  check_dataset(data, objective.loss, network_.input_size(), network_.output_size());
  for (const Metric metric : objective.metrics)
    check((metric == Metric::kSparseCategoricalAccuracy) == objective.loss.takes_labels(),
          "metric ", kMetricNames[static_cast<std::size_t>(metric)],
          " does not fit the targets of loss ", name_of(objective.loss.kind));
}

Totals Trainer::train(const Dataset& data, const TrainPlan& plan,
                      const ProgressFunction& progress) {
  Totals totals;
  totals.metrics.assign(plan.objective.metrics.size(), 0.0);
  ClockedMonitor monitor(progress);
  engine_->train(data, plan, state_.iterations, totals, monitor);
  return totals;
}

Totals Trainer::train_epoch(const Dataset& data, const EpochSettings& settings,
                            const ProgressFunction& progress) {
  check_objective(data, settings.objective);
  check_sgd(settings.sgd);
  check(settings.batch_size > 0, "batch_size must be positive, got ", settings.batch_size);
  const ExclusiveLock lock(mutex_);
  std::vector<std::uint32_t> order;
  if (settings.shuffle)
    order = shuffled_order(static_cast<std::uint32_t>(data.x.count), state_.seed, state_.epochs);
  ++state_.epochs;
  TrainPlan plan{settings.objective, settings.sgd, settings.batch_size,
                 settings.shuffle ? order.data() : nullptr, state_.seed};
  return train(data, plan, progress);
}

Totals Trainer::train_batch(const Dataset& data, const Objective& objective, const Sgd& sgd) {
  check_objective(data, objective);
  check_sgd(sgd);
  const ExclusiveLock lock(mutex_);
  return train(data, {objective, sgd, data.x.count, nullptr, state_.seed}, nullptr);
}

Totals Trainer::evaluate(const Dataset& data, const Objective& objective,
                         const ProgressFunction& progress) const {
  check_objective(data, objective);
  Totals totals;
  totals.metrics.assign(objective.metrics.size(), 0.0);
  ClockedMonitor monitor(progress);
  const SharedLock lock(mutex_);
  engine_->evaluate(data, objective, totals, monitor);
  return totals;
}

void Trainer::predict(const Samples& samples, MatrixView<float> out,
                      const ProgressFunction& progress) const {
  check_samples(samples, network_.input_size());
  ClockedMonitor monitor(progress);
  const SharedLock lock(mutex_);
  engine_->predict(samples, out, monitor);
}

Parameters Trainer::gradients(const Dataset& data, const Loss& loss, bool training) const {
  check_objective(data, {loss, {}});
  const SharedLock lock(mutex_);
  const DropoutState dropout{state_.seed, state_.iterations};
  return engine_->gradients(data, loss, training ? &dropout : nullptr);
}

void Trainer::apply_gradients(const Parameters& gradients, const Sgd& sgd) {
  network_.check_parameters(gradients, "gradients");
  check_sgd(sgd);
  const ExclusiveLock lock(mutex_);
  engine_->apply_gradients(gradients, sgd);
  ++state_.iterations;
}

}  // namespace digitnet
