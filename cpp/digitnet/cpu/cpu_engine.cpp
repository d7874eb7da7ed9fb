#include "digitnet/cpu/cpu_engine.hpp"

#include <algorithm>

#include "digitnet/cpu/block_run.hpp"
#include "digitnet/cpu/dispatch.hpp"
#include "digitnet/cpu/gradient_sink.hpp"
#include "digitnet/cpu/training_run.hpp"
#include "digitnet/cpu/update_sink.hpp"

namespace digitnet::cpu {
CpuEngine::CpuEngine(const Network& network)
    : network_(network),
      kernels_(kernels()),
      dense_(make_panels(network)),
      brief_(network, dense_, kernels_) {}

void CpuEngine::set_parameters(const Parameters& parameters) { pack(parameters, dense_); }

Parameters CpuEngine::parameters() const { return unpack(dense_); }

void CpuEngine::set_slots(const Slots& slots) {
  std::vector<Panels> panels;
  for (const Parameters& slot : slots) pack(slot, panels.emplace_back(make_panels(network_)));
  slots_ = std::move(panels);
}

Slots CpuEngine::slots() const {
  Slots slots;
  for (const Panels& slot : slots_) slots.push_back(unpack(slot));
  return slots;
}

// An optimizer that needs none leaves them: momentum may come back.
void CpuEngine::ensure_slots(const Optimizer& optimizer) {
  const std::size_t count = optimizer.slots();
  if (count == 0 || slots_.size() == count) return;
  std::vector<Panels> zeros;
  zeros.reserve(count);
  for (std::size_t i = 0; i < count; ++i) zeros.push_back(make_panels(network_));
  slots_ = std::move(zeros);
}

EngineReport CpuEngine::report() const {
  return {kernels_.name, kernels_.multiply_tile, kernels_.sparse_tile,      last_members_,
          last_density_, last_sparse_,           kernels_.skip_hidden_below};
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
  UpdateSink sink(kernels_, plan.optimizer, true, network_, dense_, slots_);
  ensure_slots(plan.optimizer);  // last: what fails before leaves the model as it was
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

void CpuEngine::apply_gradients(const Parameters& gradients, const Optimizer& optimizer) {
  Panels packed = make_panels(network_);
  pack(gradients, packed);
  UpdateSink sink(kernels_, optimizer, false, network_, dense_, slots_);
  ensure_slots(optimizer);
  sink.begin(0);
  for (std::size_t d = 0; d < dense_.size(); ++d)
    for (int64_t p = 0; p < dense_[d].panels(); ++p)
      for (int64_t row = 0; row < dense_[d].in(); row += GradientTiles::kRows)
        sink.take({d, p, 1, row, std::min(GradientTiles::kRows, dense_[d].in() - row)},
                  packed[d].kernel(p) + row * kPanel, row == 0 ? packed[d].bias(p) : nullptr);
  if (sink.finishes()) sink.finish(0, 1);
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
