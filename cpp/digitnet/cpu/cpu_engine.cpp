#include "digitnet/cpu/cpu_engine.hpp"

#include <algorithm>

#include "digitnet/cpu/block_run.hpp"
#include "digitnet/cpu/dispatch.hpp"
#include "digitnet/cpu/tile_sinks.hpp"
#include "digitnet/cpu/training_run.hpp"

namespace digitnet::cpu {
CpuEngine::CpuEngine(const Network& network)
    : network_(network),
      kernels_(kernels()),
      dense_(make_panels(network)),
      brief_(network, dense_, kernels_) {}

void CpuEngine::set_parameters(const Parameters& parameters) { pack(parameters, dense_); }

Parameters CpuEngine::parameters() const { return unpack(dense_); }

void CpuEngine::set_velocity(const Parameters& velocity) {
  std::optional<Panels> panels;
  if (!velocity.empty()) pack(velocity, panels.emplace(make_panels(network_)));
  velocity_ = std::move(panels);
}

Parameters CpuEngine::velocity() const { return velocity_ ? unpack(*velocity_) : Parameters{}; }

Panels* CpuEngine::velocity_for(const Sgd& sgd) {
  if (!sgd.has_velocity()) return nullptr;
  if (!velocity_) velocity_ = make_panels(network_);
  return &*velocity_;
}

EngineReport CpuEngine::report() const {
  return {kernels_.name, kernels_.multiply_tile, kernels_.sparse_tile,
          last_members_, last_density_,          last_sparse_};
}

void CpuEngine::note(int members, const Reading& reading) const {
  last_members_.store(members, std::memory_order_relaxed);
  last_density_.store(reading.density, std::memory_order_relaxed);
  last_sparse_.store(reading.sparse, std::memory_order_relaxed);
}

int CpuEngine::members_for(int64_t rows, double flops_per_parameter) const {
  // Waking a sleeping team costs some 10 microseconds: worth it from about a million operations.
  constexpr double kWorthATeam = 1e6;
  double parameters = 0;
  for (const ParameterPanels& dense : dense_)
    parameters += static_cast<double>(dense.in()) * static_cast<double>(dense.units());
  return static_cast<double>(rows) * parameters * flops_per_parameter < kWorthATeam ? 1
                                                                                    : num_threads();
}

// Blocks of samples are what a team shares when it does not train.
int CpuEngine::members_for_blocks(int64_t rows) const {
  return rows > kBlockRows ? members_for(rows, 2) : 1;
}

void CpuEngine::train(const Dataset& data, const TrainPlan& plan, std::uint64_t& iteration,
                      Totals& totals, Monitor& monitor) {
  TeamLease team(members_for(std::min(plan.batch_size, data.x.count), 6));
  TrainingRun run(network_, dense_, kernels_, data, plan, team->size());
  note(team->size(), run.reading());
  SgdSink sink(kernels_, plan.sgd, dense_, velocity_for(plan.sgd));
  run.run(*team, sink, true, iteration, totals, monitor);
}

Parameters CpuEngine::gradients(const Dataset& data, const Loss& loss, const DropoutState* dropout,
                                Monitor& monitor) const {
  TrainPlan plan;
  plan.objective.loss = loss;
  plan.batch_size = data.x.count;
  std::uint64_t iteration = 0;
  if (dropout != nullptr) {
    plan.dropout_seed = dropout->seed;
    iteration = dropout->iteration;
  }
  Panels gradients = make_panels(network_);
  TeamLease team(members_for(data.x.count, 6));
  TrainingRun run(network_, dense_, kernels_, data, plan, team->size());
  note(team->size(), run.reading());
  GradientSink sink(dense_, gradients);
  Totals totals;
  run.run(*team, sink, dropout != nullptr, iteration, totals, monitor);
  return unpack(gradients);
}

void CpuEngine::apply_gradients(const Parameters& gradients, const Sgd& sgd) {
  Panels packed = make_panels(network_);
  pack(gradients, packed);
  Panels* velocity = velocity_for(sgd);
  for (std::size_t d = 0; d < dense_.size(); ++d)
    for (int64_t p = 0; p < dense_[d].panels();
         ++p)  // the penalty is part of the gradients already
      apply_sgd(kernels_, sgd, 0, {d, p, 1, 0, dense_[d].in()}, packed[d].kernel(p),
                packed[d].bias(p), dense_, velocity);
}

void CpuEngine::evaluate(const Dataset& data, const Objective& objective, Totals& totals,
                         Monitor& monitor) const {
  TeamLease team(members_for_blocks(data.x.count));
  BlockRun run(network_, dense_, kernels_, data, &objective, team->size());
  note(run.members(), run.reading());
  run.evaluate(*team, totals, monitor);
}

void CpuEngine::predict(const Samples& samples, MatrixView<float> out, Monitor& monitor) const {
  if (samples.count <= brief_.most_rows()) return note(1, brief_.predict(samples, out));
  Dataset data;
  data.x = samples;
  TeamLease team(members_for_blocks(samples.count));
  BlockRun run(network_, dense_, kernels_, data, nullptr, team->size());
  note(run.members(), run.reading());
  run.predict(*team, out, monitor);
}

}  // namespace digitnet::cpu
