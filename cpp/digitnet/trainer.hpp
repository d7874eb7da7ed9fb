#pragma once
// A network, the engine that computes it and the state of its training: what Python calls a model.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "digitnet/engine.hpp"
#include "digitnet/model_lock.hpp"

namespace digitnet {

// Called about every 20 ms from the calling thread while the engine works, as Monitor::progressed.
// It may read the model (which is as the last finished step left it); writing to it throws.
using ProgressFunction = std::function<void(std::int64_t done, const Totals& totals)>;

struct EpochSettings {
  Objective objective;
  Optimizer optimizer;
  std::int64_t batch_size = 32;
  bool shuffle = true;
};

// What an interrupted run needs, beside weights and slots, to go on as if nothing had happened.
struct RunState {
  std::uint64_t seed = 0;        // of shuffle and dropout
  std::uint64_t epochs = 0;      // epochs begun
  std::uint64_t iterations = 0;  // optimizer steps done
};

// Safe to call from many threads: training excludes everything else, predictions run side by side.
class Trainer {
 public:
  Trainer(std::int64_t input_size, const std::vector<Layer>& layers, const std::string& device,
          Precision precision, std::uint64_t seed);

  const Network& network() const { return network_; }
  std::string device() const { return engine_->device(); }
  EngineReport report() const { return engine_->report(); }

  RunState state() const;
  void update_state(const std::function<void(RunState& state)>& change);
  Parameters parameters() const;
  void set_parameters(const Parameters& parameters);
  Slots slots() const;
  void set_slots(const Slots& slots);  // empty: back to none

  std::shared_ptr<void> hold(const Dataset& data);  // as Engine::hold
  Totals train_epoch(const Dataset& data, const EpochSettings& settings,
                     const ProgressFunction& progress);
  // One step on all the data as one batch.
  Totals train_batch(const Dataset& data, const Objective& objective, const Optimizer& optimizer,
                     const ProgressFunction& progress);
  Totals evaluate(const Dataset& data, const Objective& objective,
                  const ProgressFunction& progress) const;
  void predict(const Samples& samples, MatrixView<float> out,
               const ProgressFunction& progress) const;
  // training: with dropout, as the next step would see it.
  Parameters gradients(const Dataset& data, const Loss& loss, bool training,
                       const ProgressFunction& progress) const;
  void apply_gradients(const Parameters& gradients, const Optimizer& optimizer);

 private:
  void check_objective(const Dataset& data, const Objective& objective) const;
  Totals train(const Dataset& data, const TrainPlan& plan, const ProgressFunction& progress);

  Network network_;
  std::unique_ptr<Engine> engine_;
  RunState state_;
  mutable ModelLock lock_;  // guards the engine's parameters and state_
};

}  // namespace digitnet
