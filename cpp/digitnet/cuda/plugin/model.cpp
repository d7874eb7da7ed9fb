#include "digitnet/cuda/plugin/model.hpp"

#include <algorithm>

namespace digitnet::cuda {
namespace {

constexpr int64_t kBlockRows = 2048;  // that evaluate and predict take at a time

Layer layer_of(const DigitnetCudaLayer& from) {
  Layer layer;
  layer.kind = static_cast<LayerKind>(from.kind);
  layer.units = from.out;
  layer.activation = static_cast<Activation>(from.activation);
  layer.alpha = from.alpha;
  layer.use_bias = from.use_bias != 0;
  layer.kernel_l2 = from.kernel_l2;
  layer.rate = from.rate;
  layer.scale = from.scale;
  layer.offset = from.offset;
  layer.in = from.in;
  layer.out = from.out;
  return layer;
}

Sgd sgd_of(const DigitnetCudaSgd& from) {
  return {from.learning_rate, from.momentum, from.nesterov != 0, from.weight_decay};
}

int64_t flat_size(const std::vector<Layer>& layers) {
  int64_t size = 0;
  for (const Layer& layer : layers)
    if (layer.kind == LayerKind::kDense)
      size += layer.in * layer.units + (layer.use_bias ? layer.units : 0);
  return size;
}

}  // namespace

DeviceModel::DeviceModel(const DigitnetCudaNetwork& network, int device, Math math)
    : network_(network) {
  for (int64_t l = 0; l < network.layer_count; ++l) layers_.push_back(layer_of(network.layers[l]));
  network_.layers = nullptr;  // the caller's
  const DeviceFacts facts = device::describe(device);
  if (math != Math::kFloat32 && facts.major < 8)
    throw DeviceFailure(
        "precisions 'tf32' and 'bfloat16' need compute capability 8.0 or more, the "
        "GPU " +
        facts.name + " has " + std::to_string(facts.major) + "." + std::to_string(facts.minor));
  // Here, so that a GPU that cannot run the kernels is known before it is taken.
  machine_ = {
      device,
      math,
      facts.processors,
      {device::blocks_at_once(device, math, false), device::blocks_at_once(device, math, true)}};
  values_.resize(static_cast<std::size_t>(flat_size(layers_)));
}

void DeviceModel::prepare() {
  if (!stale_) return;
  if (!parameters_) parameters_ = DeviceParameters(layers_);
  parameters_->copy_in(values_.data());
  if (!velocities_)
    velocity_.reset();
  else if (!velocity_)
    velocity_ = DeviceParameters(layers_);
  if (velocities_) velocity_->copy_in(velocities_->data());
  stale_ = false;
}

void DeviceModel::keep() {
  std::vector<float> values(values_.size());
  parameters_->copy_out(values.data());
  std::optional<std::vector<float>> velocities;
  if (velocity_) velocity_->copy_out(velocities.emplace(values_.size()).data());
  values_ = std::move(values);
  velocities_ = std::move(velocities);
}

// Whatever fails: the host has the values of before, and the device's copies, which may hold
// anything, are dropped.
template <class Change>
bool DeviceModel::change(const Sgd& sgd, Change change) {
  try {
    prepare();
    if (sgd.has_velocity() && !velocity_) velocity_.emplace(layers_);
    changing_ = true;
    const bool finished = change();
    keep();
    changing_ = false;
    return finished;
  } catch (...) {
    changing_ = false;
    stale_ = true;
    throw;
  }
}

void DeviceModel::set_parameters(const float* values) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  std::copy_n(values, values_.size(), values_.data());
  stale_ = true;
}

void DeviceModel::copy_parameters(float* values) const {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  if (changing_) {
    const device::Use use(machine_.device);
    parameters_->copy_out(values);
  } else {
    std::copy_n(values_.data(), values_.size(), values);
  }
}

void DeviceModel::set_velocity(const float* values) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  stale_ = true;
  velocities_.reset();
  if (values != nullptr) velocities_.emplace(values, values + values_.size());
}

bool DeviceModel::copy_velocity(float* values) const {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  if (changing_) {
    const device::Use use(machine_.device);
    if (velocity_) velocity_->copy_out(values);
    return velocity_.has_value();
  }
  if (velocities_) std::copy_n(velocities_->data(), velocities_->size(), values);
  return velocities_.has_value();
}

// Half of what is free, and room for the rest of the work, must remain.
std::unique_ptr<DeviceData> DeviceModel::upload(const DigitnetCudaSource& source) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  const auto most = static_cast<int64_t>(device::free_memory() / 2);
  if (source.count > most / DeviceData::bytes_of_sample(source)) return nullptr;
  try {
    auto data = std::make_unique<DeviceData>(source, source.count);
    data->read(source, nullptr, 0, source.count);
    return data;
  } catch (const DeviceMemoryFailure&) {
    return nullptr;
  }
}

// Called with the lock held.
bool DeviceModel::run(const DigitnetCudaSource& source, const DeviceData* data, const RunPlan& plan,
                      const DeviceParameters* gradients, float* out, DigitnetCudaTotals& totals,
                      const DigitnetCudaProgress& progress) {
  totals = {};
  if (source.count == 0) return true;
  const DeviceParameters* velocity = plan.update && plan.sgd.has_velocity() ? &*velocity_ : nullptr;
  RunPlan paced = plan;
  if (plan.update && plan.batch_size == paced_batch_) paced.pace = pace_;
  Run run(machine_, network_, layers_, *parameters_, velocity, gradients, source, data, paced);
  const bool finished = run.run(out, totals, progress);
  if (plan.update) {
    pace_ = run.pace();
    paced_batch_ = plan.batch_size;
  }
  return finished;
}

bool DeviceModel::train(const DigitnetCudaSource& source, const DeviceData* data,
                        const DigitnetCudaPlan& plan, DigitnetCudaTotals& totals,
                        const DigitnetCudaProgress& progress) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  RunPlan steps;
  steps.objective = plan.objective;
  steps.sgd = sgd_of(plan.sgd);
  steps.batch_size = std::min(plan.batch_size, source.count);
  steps.order = plan.order;
  steps.update = steps.dropout = true;
  steps.seed = plan.dropout_seed;
  steps.iteration = plan.iteration;
  return change(steps.sgd,
                [&] { return run(source, data, steps, nullptr, nullptr, totals, progress); });
}

// Of as many rows at a time as a quarter of the free memory holds; called when the device is ready.
RunPlan DeviceModel::block_plan(Purpose purpose, const DigitnetCudaSource& source) const {
  const int64_t row =
      DeviceData::bytes_of_sample(source) + Program::bytes_of_rows(network_.input_size, layers_, 1);
  const auto fitting = static_cast<int64_t>(device::free_memory() / 4) / row;
  RunPlan plan;
  plan.purpose = purpose;
  plan.batch_size = std::clamp<int64_t>(std::min(fitting, source.count), 1, kBlockRows);
  return plan;
}

// Sum of l2 |kernel|^2 over the layers that ask for it.
double DeviceModel::penalty() const {
  const auto asks = [](const Layer& layer) { return layer.kernel_l2 != 0; };
  if (std::none_of(layers_.begin(), layers_.end(), asks)) return 0;
  std::vector<float> current(values_.size());
  copy_parameters(current.data());
  const float* value = current.data();
  double sum = 0;
  for (const Layer& layer : layers_) {
    if (layer.kind != LayerKind::kDense) continue;
    double squares = 0;
    if (layer.kernel_l2 != 0)
      for (int64_t i = 0; i < layer.in * layer.units; ++i)
        squares += static_cast<double>(value[i]) * static_cast<double>(value[i]);
    sum += static_cast<double>(layer.kernel_l2) * squares;
    value += layer.in * layer.units + (layer.use_bias ? layer.units : 0);
  }
  return sum;
}

bool DeviceModel::evaluate(const DigitnetCudaSource& source, const DeviceData* data,
                           const DigitnetCudaObjective& objective, DigitnetCudaTotals& totals,
                           const DigitnetCudaProgress& progress) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  prepare();
  RunPlan plan = block_plan(Purpose::kEvaluate, source);
  plan.objective = objective;
  const bool finished = run(source, data, plan, nullptr, nullptr, totals, progress);
  totals.loss += penalty() * static_cast<double>(totals.samples);
  return finished;
}

bool DeviceModel::predict(const DigitnetCudaSource& source, float* out,
                          const DigitnetCudaProgress& progress) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  DigitnetCudaTotals totals{};
  prepare();
  return run(source, nullptr, block_plan(Purpose::kPredict, source), nullptr, out, totals,
             progress);
}

bool DeviceModel::gradients(const DigitnetCudaSource& source,
                            const DigitnetCudaObjective& objective,
                            const std::uint64_t* dropout_seed, std::uint64_t iteration,
                            float* values, const DigitnetCudaProgress& progress) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  RunPlan plan;
  plan.objective = objective;
  plan.batch_size = source.count;
  plan.dropout = dropout_seed != nullptr;
  if (plan.dropout) plan.seed = *dropout_seed;
  plan.iteration = iteration;
  DigitnetCudaTotals totals{};
  prepare();
  DeviceParameters gradients(layers_);
  const bool finished = run(source, nullptr, plan, &gradients, nullptr, totals, progress);
  gradients.copy_out(values);
  return finished;
}

void DeviceModel::apply_gradients(const float* values, const DigitnetCudaSgd& sgd) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  const Sgd settings = sgd_of(sgd);
  change(settings, [&] {
    DeviceParameters gradients(layers_);
    gradients.copy_in(values);
    descend(machine_, *parameters_, gradients, velocity_ ? &*velocity_ : nullptr, settings);
    return true;
  });
}

}  // namespace digitnet::cuda
