#pragma once

#include <atomic>
#include <optional>

#include "digitnet/cpu/brief_run.hpp"
#include "digitnet/cpu/parameter_panels.hpp"
#include "digitnet/cpu/row_walk.hpp"
#include "digitnet/engine.hpp"

namespace digitnet::cpu {

class CpuEngine : public Engine {
 public:
  explicit CpuEngine(const Network& network);  // keeps a reference to the network

  std::string device() const override { return "cpu"; }
  EngineReport report() const override;
  void set_parameters(const Parameters& parameters) override;
  Parameters parameters() const override;
  void set_velocity(const Parameters& velocity) override;
  Parameters velocity() const override;
  void train(const Dataset& data, const TrainPlan& plan, std::uint64_t& iteration, Totals& totals,
             Monitor& monitor) override;
  void evaluate(const Dataset& data, const Objective& objective, Totals& totals,
                Monitor& monitor) const override;
  void predict(const Samples& samples, MatrixView<float> out, Monitor& monitor) const override;
  Parameters gradients(const Dataset& data, const Loss& loss, const DropoutState* dropout,
                       Monitor& monitor) const override;
  void apply_gradients(const Parameters& gradients, const Sgd& sgd) override;

 private:
  // Threads worth waking for `rows` samples, each costing `flops_per_parameter` operations a
  // parameter.
  int members_for(int64_t rows, double flops_per_parameter) const;
  int members_for_blocks(int64_t rows) const;
  Panels* velocity_for(const Sgd& sgd);  // made where there is none yet; null: it needs none
  void note(int members, const Reading& reading) const;

  const Network& network_;
  const KernelTable& kernels_;
  Panels dense_;
  std::optional<Panels> velocity_;
  BriefRun brief_;
  // Of the last call, for the report. Each on its own: predictions may run side by side.
  mutable std::atomic<int> last_members_{0};
  mutable std::atomic<double> last_density_{1};
  mutable std::atomic<bool> last_sparse_{false};
};

}  // namespace digitnet::cpu
