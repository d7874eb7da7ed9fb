#include "digitnet/cuda/plugin/run.hpp"

#include <algorithm>
#include <chrono>

#include "digitnet/cuda/plugin/kernels.hpp"
#include "digitnet/fused_loss.hpp"

namespace digitnet::cuda {
namespace {

constexpr double kSecondsOfLaunch = 0.04;  // so that progress and interruptions are looked at
constexpr int64_t kFirstSteps = 1;         // of the first launch, before the pace is known

DeviceObjective device_objective(const DigitnetCudaObjective& from, const DigitnetCudaNetwork& net,
                                 const std::vector<Layer>& layers) {
  DeviceObjective objective{};
  objective.loss = {static_cast<LossKind>(from.loss), from.from_logits != 0, from.label_smoothing,
                    from.delta};
  objective.labelled = objective.loss.takes_labels();
  objective.outputs = net.output_size;
  objective.metric_count = from.metric_count;
  for (int m = 0; m < from.metric_count; ++m)
    objective.metrics[m] = static_cast<Metric>(from.metrics[m]);
  objective.fused = takes_activation(objective.loss, layers);
  return objective;
}

}  // namespace

// Large tiles where the largest product has enough of them for all processors.
Run::Kernel Run::kernel_for(const Machine& machine, const std::vector<Layer>& layers,
                            const RunPlan& plan) {
  const StepKernel large = step_kernel(machine.math, true);
  int64_t tiles = 0;
  for (const Layer& layer : layers) {
    if (layer.kind != LayerKind::kDense) continue;
    // Rows of the outputs, and of the kernel's gradient.
    const int64_t rows =
        plan.purpose == Purpose::kTrain ? std::max(plan.batch_size, layer.in) : plan.batch_size;
    tiles = std::max(tiles, parts(rows, large.tile_rows) * parts(layer.out, large.tile_cols));
  }
  const bool use_large = tiles >= int64_t{2} * machine.processors;
  const StepKernel kernel = step_kernel(machine.math, use_large);
  return {use_large, kernel.tile_rows, kernel.tile_cols, machine.blocks[use_large ? 1 : 0]};
}

Run::Run(const Machine& machine, const DigitnetCudaNetwork& network,
         const std::vector<Layer>& layers, const DeviceParameters& parameters,
         const DeviceParameters* velocity, const DeviceParameters* gradients,
         const DigitnetCudaSource& source, const DeviceData* data, const RunPlan& plan)
    : machine_(machine),
      network_(network),
      source_(source),
      resident_(data),
      plan_(plan),
      objective_(device_objective(plan.objective, network, layers)),
      kernel_(kernel_for(machine, layers, plan)),
      program_(network.input_size, layers, parameters, velocity, gradients, plan.purpose,
               objective_.fused && plan.purpose != Purpose::kPredict, plan.batch_size, kernel_.rows,
               kernel_.cols),
      order_(data != nullptr && plan.order != nullptr ? source.count : 0),
      row_losses_(plan.purpose != Purpose::kPredict ? plan.batch_size : 0),
      row_metrics_(plan.purpose != Purpose::kPredict ? plan.batch_size * plan.objective.metric_count
                                                     : 0),
      totals_(1 + kMostMetrics),
      barrier_(1),
      pace_(plan.pace) {
  if (order_.size() > 0) order_.copy_in(plan.order, source.count);
  arguments_.ops = program_.ops();
  arguments_.phases = program_.phases();
  arguments_.phase_count = program_.phase_count();
  arguments_.batch_size = plan.batch_size;
  arguments_.seed = plan.seed;
  arguments_.dropout = plan.dropout;
  arguments_.update = plan.update;
  arguments_.sgd = plan.sgd;
  arguments_.objective = objective_;
  arguments_.row_losses = row_losses_.data();
  arguments_.row_metrics = row_metrics_.data();
  arguments_.totals = totals_.data();
  arguments_.barrier = barrier_.data();
}

// Whole steps that a piece of samples on the device holds: a hundred megabytes or so, and no more
// than half of what is free.
int64_t Run::piece_rows() const {
  constexpr int64_t kMost = 128 << 20;
  const auto free = static_cast<int64_t>(device::free_memory() / 2);
  const int64_t rows = std::min(kMost, free) / DeviceData::bytes_of_sample(source_);
  const int64_t steps = std::max<int64_t>(1, rows / plan_.batch_size);
  return std::min(source_.count, steps * plan_.batch_size);
}

bool Run::run(float* out, DigitnetCudaTotals& totals, const DigitnetCudaProgress& progress) {
  const float scale = network_.input_scale, offset = network_.input_offset;
  if (resident_ != nullptr) {
    arguments_.samples = resident_->samples(order_.data(), scale, offset);
    return run_piece(0, source_.count, out, totals, progress);
  }
  DeviceData piece(source_, piece_rows());
  arguments_.samples = piece.samples(nullptr, scale, offset);
  for (int64_t first = 0; first < source_.count; first += piece.capacity()) {
    const int64_t count = std::min(piece.capacity(), source_.count - first);
    piece.read(source_, plan_.order, first, count);
    if (!run_piece(first, count, out, totals, progress)) return false;
  }
  return true;
}

bool Run::run_piece(int64_t first, int64_t count, float* out, DigitnetCudaTotals& totals,
                    const DigitnetCudaProgress& progress) {
  using Clock = std::chrono::steady_clock;
  const int64_t batch = plan_.batch_size, steps = parts(count, batch);
  arguments_.count = count;
  arguments_.iteration = plan_.iteration + static_cast<std::uint64_t>(first / batch);
  for (int64_t step = 0; step < steps;) {
    const auto begin = Clock::now();
    const int64_t fitting =
        pace_ > 0 ? static_cast<int64_t>(kSecondsOfLaunch / pace_) : kFirstSteps;
    const int64_t taken = out != nullptr ? 1 : std::clamp<int64_t>(fitting, 1, steps - step);
    arguments_.first_step = step;
    arguments_.steps = taken;
    device::launch_steps(arguments_, machine_.math, kernel_.large_tiles, kernel_.blocks);
    device::synchronize();  // so that a failure is the launch's, and not the next copy's
    const int64_t done = std::min(count, (step + taken) * batch);
    if (out != nullptr)
      fetch_output(done - step * batch, out + (first + step * batch) * network_.output_size);
    step += taken;
    fetch_totals(step + first / batch, first + done, totals);
    const std::chrono::duration<double> seconds = Clock::now() - begin;
    pace_ = std::max(seconds.count() / static_cast<double>(taken), 1e-7);
    if (progress.report(progress.context, &totals) != 0) return false;
    device::choose(machine_.device);  // the caller's code ran, and may have chosen another
  }
  return true;
}

void Run::fetch_totals(int64_t steps, int64_t samples, DigitnetCudaTotals& totals) const {
  double sums[1 + kMostMetrics];
  totals_.copy_out(sums, totals_.size());
  totals.samples = samples;
  totals.steps = steps;
  totals.loss = sums[0] + program_.penalty();
  std::copy_n(sums + 1, kMostMetrics, totals.metrics);
}

void Run::fetch_output(int64_t rows, float* out) const {
  const DeviceMatrix& output = program_.output();
  const int64_t cols = network_.output_size;
  std::vector<float> staged(static_cast<std::size_t>(rows * output.stride));
  device::copy_out(staged.data(), output.data, staged.size() * sizeof(float));
  for (int64_t r = 0; r < rows; ++r)
    std::copy_n(staged.data() + r * output.stride, cols, out + r * cols);
}

void descend(const Machine& machine, const DeviceParameters& parameters,
             const DeviceParameters& gradients, const DeviceParameters* velocity, const Sgd& sgd) {
  Op op{};
  op.kind = OpKind::kDescend;
  op.in = DeviceParameters::kRow;
  op.kernel = parameters.whole();
  op.gradient = gradients.whole();
  if (velocity != nullptr && sgd.has_velocity()) op.velocity = velocity->whole();
  const Phase phase{0, 1};
  DeviceBuffer<Op> ops(1);
  DeviceBuffer<Phase> phases(1);
  DeviceBuffer<std::uint64_t> barrier(1);
  ops.copy_in(&op, 1);
  phases.copy_in(&phase, 1);
  StepArguments arguments{};
  arguments.ops = ops.data();
  arguments.phases = phases.data();
  arguments.phase_count = 1;
  arguments.count = arguments.batch_size = parameters.rows();
  arguments.steps = 1;
  arguments.sgd = sgd;
  arguments.barrier = barrier.data();
  if (parameters.rows() == 0) return;
  device::launch_steps(arguments, machine.math, false, machine.blocks[0]);
  device::synchronize();
}

}  // namespace digitnet::cuda
