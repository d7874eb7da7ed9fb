#include "digitnet/trainer.hpp"

#include <chrono>
#include <cmath>
#include <stdexcept>

#include "digitnet/error.hpp"
#include "digitnet/random.hpp"

namespace digitnet {
namespace {

// Passes totals on by the clock, so that neither many small steps nor few large ones cost or hide
// much.
class ClockedMonitor : public Monitor {
 public:
  explicit ClockedMonitor(const ProgressFunction& progress) : progress_(progress) {}

  void progressed(std::int64_t done, const Totals& totals) override {
    const auto now = std::chrono::steady_clock::now();
    if (!progress_ || now - last_ < std::chrono::milliseconds(20)) return;
    progress_(done, totals);
    if (forks() != forks_)
      throw std::runtime_error(
          "this process was forked from the middle of this call, whose other threads stayed "
          "behind: "
          "call it anew, or end the process before the callback returns");
    last_ = std::chrono::steady_clock::now();
  }

 private:
  const ProgressFunction& progress_;
  const unsigned forks_ = forks();
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Adam takes roots of v.
void check_not_negative(const Parameters& v) {
  for (const DenseParameters& dense : v)
    for (const std::vector<float>* values : {&dense.kernel, &dense.bias})
      for (const float value : *values)
        check(value >= 0, "slot v must not be negative, got ", value);
}

void check_loss(const Loss& loss) {
  check(loss.label_smoothing >= 0 && loss.label_smoothing <= 1,
        "label_smoothing must be in [0, 1], got ", loss.label_smoothing);
  check(std::isfinite(loss.delta) && loss.delta > 0, "delta must be finite and positive, got ",
        loss.delta);
}

}  // namespace

Trainer::Trainer(std::int64_t input_size, const std::vector<Layer>& layers,
                 const std::string& device, Precision precision, std::uint64_t seed)
    : network_(input_size, layers), engine_(make_engine(device, precision, network_)) {
  state_.seed = seed;
}

RunState Trainer::state() const {
  const ModelLock::Reading reading(lock_);
  return state_;
}

void Trainer::update_state(const std::function<void(RunState& state)>& change) {
  const ModelLock::Writing writing(lock_);
  change(state_);
}

Parameters Trainer::parameters() const {
  const ModelLock::Reading reading(lock_);
  return engine_->parameters();
}

void Trainer::set_parameters(const Parameters& parameters) {
  network_.check_parameters(parameters, "weights");
  const ModelLock::Writing writing(lock_);
  engine_->set_parameters(parameters);
}

Slots Trainer::slots() const {
  const ModelLock::Reading reading(lock_);
  return engine_->slots();
}

void Trainer::set_slots(const Slots& slots) {
  check(slots.size() <= 2, "slots must be none, velocity, or m and v, got ", slots.size());
  for (const Parameters& slot : slots) network_.check_parameters(slot, "slots");
  if (slots.size() == 2) check_not_negative(slots[1]);
  const ModelLock::Writing writing(lock_);
  engine_->set_slots(slots);
}

void Trainer::check_objective(const Dataset& data, const Objective& objective) const {
  check_loss(objective.loss);
  check_dataset(data, objective.loss, network_.input_size(), network_.output_size());
  for (const Metric metric : objective.metrics)
    check((metric == Metric::kSparseCategoricalAccuracy) == objective.loss.takes_labels(),
          "metric ", kMetricNames[static_cast<std::size_t>(metric)],
          " does not fit the targets of loss ", name_of(objective.loss.kind));
}

std::shared_ptr<void> Trainer::hold(const Dataset& data) {
  check_samples(data.x, network_.input_size());
  check(!data.targets || data.targets.rows == data.x.count, "y must have ", data.x.count,
        " rows, got ", data.targets.rows);
  return engine_->hold(data);
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
  check(settings.batch_size > 0, "batch_size must be positive, got ", settings.batch_size);
  const std::int64_t whole = data.x.count / settings.batch_size;
  check_optimizer(settings.optimizer, whole + (data.x.count % settings.batch_size != 0 ? 1 : 0));
  const ModelLock::Writing writing(lock_);
  std::vector<std::uint32_t> order;
  if (settings.shuffle)
    order = shuffled_order(static_cast<std::uint32_t>(data.x.count), state_.seed, state_.epochs);
  TrainPlan plan{settings.objective, settings.optimizer, settings.batch_size,
                 settings.shuffle ? order.data() : nullptr, state_.seed};
  const std::uint64_t iterations = state_.iterations;
  try {
    const Totals totals = train(data, plan, progress);
    ++state_.epochs;
    return totals;
  } catch (...) {
    // Begun, if only by a step: a later epoch must not repeat its order.
    if (state_.iterations != iterations) ++state_.epochs;
    throw;
  }
}

Totals Trainer::train_batch(const Dataset& data, const Objective& objective,
                            const Optimizer& optimizer, const ProgressFunction& progress) {
  check_objective(data, objective);
  check_optimizer(optimizer, 1);
  const ModelLock::Writing writing(lock_);
  return train(data, {objective, optimizer, data.x.count, nullptr, state_.seed}, progress);
}

Totals Trainer::evaluate(const Dataset& data, const Objective& objective,
                         const ProgressFunction& progress) const {
  check_objective(data, objective);
  Totals totals;
  totals.metrics.assign(objective.metrics.size(), 0.0);
  ClockedMonitor monitor(progress);
  const ModelLock::Reading reading(lock_);
  engine_->evaluate(data, objective, totals, monitor);
  return totals;
}

void Trainer::predict(const Samples& samples, MatrixView<float> out,
                      const ProgressFunction& progress) const {
  check_samples(samples, network_.input_size());
  ClockedMonitor monitor(progress);
  const ModelLock::Reading reading(lock_);
  engine_->predict(samples, out, monitor);
}

Parameters Trainer::gradients(const Dataset& data, const Loss& loss, bool training,
                              const ProgressFunction& progress) const {
  check_objective(data, {loss, {}});
  ClockedMonitor monitor(progress);
  const ModelLock::Reading reading(lock_);
  const DropoutState dropout{state_.seed, state_.iterations};
  return engine_->gradients(data, loss, training ? &dropout : nullptr, monitor);
}

void Trainer::apply_gradients(const Parameters& gradients, const Optimizer& optimizer) {
  network_.check_parameters(gradients, "gradients");
  check_optimizer(optimizer, 1);
  const ModelLock::Writing writing(lock_);
  engine_->apply_gradients(gradients, optimizer);
  ++state_.iterations;
}

}  // namespace digitnet
