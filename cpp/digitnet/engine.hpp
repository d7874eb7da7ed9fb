#pragma once
// THE DEVICE SEAM. An Engine owns a network's parameters in whatever layout suits its device and
// does all arithmetic; nothing above it knows which device that is.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "digitnet/dataset.hpp"
#include "digitnet/engine_report.hpp"
#include "digitnet/loss.hpp"
#include "digitnet/matrix.hpp"
#include "digitnet/metric.hpp"
#include "digitnet/network.hpp"
#include "digitnet/optimizer.hpp"

namespace digitnet {

// Sums over samples; divide by `samples` for the means that people read.
struct Totals {
  std::int64_t samples = 0;
  double loss = 0;
  std::vector<double> metrics;
};

// Told, by the calling thread, how far an engine is: between steps, between blocks of samples and,
// in long steps, between the rows of one. A throw ends the work at the last finished step and
// reaches the caller.
class Monitor {
 public:
  virtual ~Monitor() = default;
  // done: samples finished by all threads. totals: sums over those of them that this thread knows.
  virtual void progressed(std::int64_t done, const Totals& totals) = 0;
};

struct Objective {
  Loss loss;
  std::vector<Metric> metrics;
};

// Where dropout masks come from: they depend on seed, iteration, layer and place in the batch
// alone.
struct DropoutState {
  std::uint64_t seed = 0, iteration = 0;
};

struct TrainPlan {
  Objective objective;
  Optimizer optimizer;
  std::int64_t batch_size = 32;
  const std::uint32_t* order =
      nullptr;  // (data.x.count,): the sample of each place; null: as they lie
  std::uint64_t dropout_seed = 0;
};

// How products are computed: in float32, or by a GPU's tensor cores on factors rounded to tf32 (11
// bits) or bfloat16 (8 bits); parameters and sums are float32 in each.
enum class Precision { kFloat32, kTf32, kBfloat16 };

inline constexpr std::array<std::string_view, 3> kPrecisionNames = {"float32", "tf32", "bfloat16"};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string device() const = 0;
  virtual EngineReport report() const = 0;

  // Interchange layout in and out. The arguments have been checked against the network.
  virtual void set_parameters(const Parameters& parameters) = 0;
  virtual Parameters parameters() const = 0;
  // What the optimizer keeps beside the parameters (Optimizer::slots); empty while there is none.
  virtual void set_slots(const Slots& slots) = 0;
  virtual Slots slots() const = 0;

  // Until the result is gone, the data will not change: the engine may keep a copy at hand. May be
  // null.
  virtual std::shared_ptr<void> hold(const Dataset&) { return nullptr; }

  // One step per batch over all samples, in plan.order. Adds to iteration once per step done and to
  // totals as it goes; stops early, at the end of a step, when the monitor throws.
  virtual void train(const Dataset& data, const TrainPlan& plan, std::uint64_t& iteration,
                     Totals& totals, Monitor& monitor) = 0;
  virtual void evaluate(const Dataset& data, const Objective& objective, Totals& totals,
                        Monitor& monitor) const = 0;
  // out: (samples.count, output_size)
  virtual void predict(const Samples& samples, MatrixView<float> out, Monitor& monitor) const = 0;

  // Gradients of the mean loss over the data, taken as one batch; dropout is on where given.
  virtual Parameters gradients(const Dataset& data, const Loss& loss, const DropoutState* dropout,
                               Monitor& monitor) const = 0;
  virtual void apply_gradients(const Parameters& gradients, const Optimizer& optimizer) = 0;
};

// device: "cpu", "cuda" or "auto" (cuda where it works, else cpu, which computes in float32
// whatever the precision asked for). Throws DeviceError where the device cannot be had,
// std::invalid_argument for any other name, and for "cpu" with another precision than float32.
std::unique_ptr<Engine> make_engine(const std::string& device, Precision precision,
                                    const Network& network);

}  // namespace digitnet
