// The core's side of the plug-in: an Engine whose every call goes through plugin.hpp.
#include "digitnet/cuda/cuda_engine.hpp"

#include <algorithm>
#include <mutex>

#include "digitnet/cuda/plugin_loader.hpp"
#include "digitnet/cuda/plugin_values.hpp"

namespace digitnet::cuda {
namespace {

const DigitnetCudaPlugin& table() {
  if (plugin().table == nullptr) throw DeviceError(plugin().why);
  return *plugin().table;
}

// --- data that stay on the device

bool same(const Samples& a, const Samples& b) {
  return a.type == b.type && a.data == b.data && a.count == b.count && a.features == b.features &&
         a.row_step == b.row_step && a.feature_step == b.feature_step &&
         a.csr.indptr == b.csr.indptr && a.csr.indices == b.csr.indices;
}

bool same(const Dataset& a, const Dataset& b) {
  return same(a.x, b.x) && a.labels == b.labels && a.targets.data == b.targets.data &&
         a.weights == b.weights;
}

struct Held {
  Held(const Dataset& of, DigitnetCudaData* on_device) : data(of), copy(on_device) {}
  ~Held() { plugin().table->release(copy); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  const Dataset data;
  DigitnetCudaData* const copy;
};

class CudaEngine : public Engine {
 public:
  CudaEngine(const Network& network, Precision precision)
      : network_(network), size_(flat_size(network)) {
    std::vector<DigitnetCudaLayer> layers;
    for (const Layer& layer : network.layers()) {
      if (layer.kernel_max_norm != Optimizer::kNoLimit)
        throw DeviceError("device 'cuda' has no kernel_constraint yet; use device 'cpu'");
      layers.push_back(plain(layer));
    }
    const DigitnetCudaNetwork settings{
        network.input_size(),   network.output_size(), network.input_scale(),
        network.input_offset(), layers.data(),         static_cast<std::int64_t>(layers.size())};
    std::string why;
    const std::vector<DeviceInfo> all = devices(why);
    if (all.empty()) throw DeviceError(why);
    info_ = all.front();
    DigitnetCudaMessage message{};
    check_status(table().create(&settings, info_.index, static_cast<std::int32_t>(precision),
                                &model_, &message),
                 message);
  }
  ~CudaEngine() override { plugin().table->destroy(model_); }
  CudaEngine(const CudaEngine&) = delete;
  CudaEngine& operator=(const CudaEngine&) = delete;

  std::string device() const override { return "cuda"; }
  EngineReport report() const override {
    EngineReport report;
    report.isa = info_.name;
    report.threads = info_.processors;
    return report;
  }

  void set_parameters(const Parameters& parameters) override {
    call(table().set_parameters, flat(parameters).data());
  }
  Parameters parameters() const override {
    std::vector<float> values(size_);
    call(table().parameters, values.data());
    return shaped(values, network_);
  }
  void set_slots(const Slots& slots) override {
    const bool velocity = slots.size() == 1;
    const std::vector<float> values = velocity ? flat(slots[0]) : std::vector<float>{};
    call(table().set_velocity, velocity ? values.data() : nullptr);
    unused_slots_ = velocity ? Slots{} : slots;
  }
  Slots slots() const override {
    std::vector<float> values(size_);
    std::int32_t has = 0;
    call(table().velocity, &has, values.data());
    return has != 0 ? Slots{shaped(values, network_)} : unused_slots_;
  }

  std::shared_ptr<void> hold(const Dataset& data) override {
    const DigitnetCudaSource source = source_of(data);
    DigitnetCudaData* copy = nullptr;
    call(table().upload, &source, &copy);
    if (copy == nullptr) return nullptr;  // no room: it will pass by in pieces
    auto held = std::make_shared<Held>(data, copy);
    const std::lock_guard<std::mutex> lock(held_mutex_);
    held_.erase(
        std::remove_if(held_.begin(), held_.end(), [](const auto& h) { return h.expired(); }),
        held_.end());
    held_.push_back(held);
    return held;
  }

  void train(const Dataset& data, const TrainPlan& plan, std::uint64_t& iteration, Totals& totals,
             Monitor& monitor) override {
    const DigitnetCudaSource source = source_of(data);
    const DigitnetCudaPlan steps{plain(plan.objective), plain(plan.optimizer),
                                 plan.batch_size,       plan.order,
                                 plan.dropout_seed,     iteration};
    const std::shared_ptr<Held> held = held_copy(data);
    Progress progress(monitor, totals);
    DigitnetCudaTotals now{};
    call(table().train, &source, copy_of(held), &steps, &now, progress.get());
    progress.take(now);
    iteration += static_cast<std::uint64_t>(now.steps);
    progress.rethrow();
  }

  void evaluate(const Dataset& data, const Objective& objective, Totals& totals,
                Monitor& monitor) const override {
    const DigitnetCudaSource source = source_of(data);
    const DigitnetCudaObjective settings = plain(objective);
    const std::shared_ptr<Held> held = held_copy(data);
    Progress progress(monitor, totals);
    DigitnetCudaTotals now{};
    call(table().evaluate, &source, copy_of(held), &settings, &now, progress.get());
    progress.take(now);
    progress.rethrow();
  }

  void predict(const Samples& samples, MatrixView<float> out, Monitor& monitor) const override {
    Dataset data;
    data.x = samples;
    const DigitnetCudaSource source = source_of(data);
    Totals totals;
    Progress progress(monitor, totals);
    std::vector<float> values(static_cast<std::size_t>(out.rows * out.cols));
    call(table().predict, &source, values.data(), progress.get());
    progress.rethrow();
    for (std::int64_t r = 0; r < out.rows; ++r)
      std::copy_n(values.data() + r * out.cols, out.cols, out.row(r));
  }

  Parameters gradients(const Dataset& data, const Loss& loss, const DropoutState* dropout,
                       Monitor& monitor) const override {
    const DigitnetCudaSource source = source_of(data);
    const DigitnetCudaObjective objective = plain(Objective{loss, {}});
    std::vector<float> values(size_);
    Totals totals;
    Progress progress(monitor, totals);
    call(table().gradients, &source, &objective, dropout != nullptr ? &dropout->seed : nullptr,
         dropout != nullptr ? dropout->iteration : 0, values.data(), progress.get());
    progress.rethrow();
    return shaped(values, network_);
  }

  void apply_gradients(const Parameters& gradients, const Optimizer& optimizer) override {
    const DigitnetCudaSgd settings = plain(optimizer);
    call(table().apply_gradients, flat(gradients).data(), &settings);
  }

 private:
  template <class Function, class... Arguments>
  void call(Function function, Arguments... arguments) const {
    DigitnetCudaMessage message{};
    check_status(function(model_, arguments..., &message), message);
  }

  std::shared_ptr<Held> held_copy(const Dataset& data) const {
    const std::lock_guard<std::mutex> lock(held_mutex_);
    for (const auto& weak : held_)
      if (std::shared_ptr<Held> held = weak.lock(); held && same(held->data, data)) return held;
    return nullptr;
  }
  static DigitnetCudaData* copy_of(const std::shared_ptr<Held>& held) {
    return held ? held->copy : nullptr;
  }

  const Network& network_;
  std::size_t size_;
  DigitnetCudaModel* model_ = nullptr;
  DeviceInfo info_;
  Slots unused_slots_;  // of an optimizer that the plug-in has not: kept for another device
  std::vector<std::weak_ptr<Held>> held_;
  mutable std::mutex held_mutex_;
};

}  // namespace

std::vector<DeviceInfo> devices(std::string& why) {
  std::vector<DeviceInfo> all;
  if (plugin().table == nullptr) {
    why = plugin().why;
    return all;
  }
  DigitnetCudaMessage message{};
  std::int32_t count = 0;
  if (table().device_count(&count, &message) != DIGITNET_CUDA_OK) {
    why = sentence("device 'cuda' cannot be used: ", message.text);
    return all;
  }
  for (std::int32_t device = 0; device < count; ++device) {
    DigitnetCudaDevice facts{};
    if (table().describe(device, &facts, &message) != DIGITNET_CUDA_OK) {
      why = sentence("device 'cuda' cannot be used: ", message.text);
      continue;
    }
    all.push_back({facts.name, facts.major, facts.minor, facts.processors, facts.memory, device});
  }
  return all;
}

std::string why_unavailable() {
  std::string why;
  return devices(why).empty() ? why : "";
}

std::string plugin_built_for() {
  return plugin().table != nullptr ? plugin().table->built_for : "";
}

std::string missing_optimizer(const Optimizer& optimizer) {
  return std::string(missing_for(optimizer));
}

std::unique_ptr<Engine> make_cuda_engine(const Network& network, Precision precision) {
  return std::make_unique<CudaEngine>(network, precision);
}

}  // namespace digitnet::cuda
