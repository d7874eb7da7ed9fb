#pragma once
// The core's values in the words of plugin.hpp, and back.

#include <algorithm>
#include <exception>
#include <new>
#include <string_view>
#include <variant>
#include <vector>

#include "digitnet/cuda/plugin.hpp"
#include "digitnet/cuda/sample_reader.hpp"
#include "digitnet/engine.hpp"
#include "digitnet/error.hpp"

namespace digitnet::cuda {

// Throws what a status says, but for OK and STOPPED.
inline void check_status(std::int32_t status, const DigitnetCudaMessage& message) {
  if (status == DIGITNET_CUDA_OUT_OF_MEMORY) throw std::bad_alloc();
  if (status == DIGITNET_CUDA_DEVICE_ERROR) throw DeviceError(message.text);
}

inline DigitnetCudaLayer plain(const Layer& layer) {
  DigitnetCudaLayer out{};
  out.kind = static_cast<std::int32_t>(layer.kind);
  out.activation = static_cast<std::int32_t>(layer.activation);
  out.in = layer.in;
  out.out = layer.out;
  out.alpha = layer.alpha;
  out.kernel_l2 = layer.kernel_l2;
  out.rate = layer.rate;
  out.scale = layer.scale;
  out.offset = layer.offset;
  out.use_bias = layer.use_bias ? 1 : 0;
  return out;
}

inline DigitnetCudaObjective plain(const Objective& objective) {
  DigitnetCudaObjective out{};
  out.loss = static_cast<std::int32_t>(objective.loss.kind);
  out.from_logits = objective.loss.from_logits ? 1 : 0;
  out.label_smoothing = objective.loss.label_smoothing;
  out.delta = objective.loss.delta;
  constexpr std::size_t kMost = sizeof out.metrics / sizeof out.metrics[0];
  check(objective.metrics.size() <= kMost, "device 'cuda' computes at most ", kMost,
        " metrics, got ", objective.metrics.size());
  for (const Metric metric : objective.metrics)
    out.metrics[out.metric_count++] = static_cast<std::int32_t>(metric);
  return out;
}

// What the plug-in does not know of an optimizer; empty where it knows it all.
inline std::string_view missing_for(const Optimizer& optimizer) {
  constexpr float kNone = Optimizer::kNoLimit;
  if (!std::holds_alternative<Sgd>(optimizer.rule)) return "Adam";
  if (optimizer.clips_norm() || optimizer.clipvalue != kNone) return "clipped gradients";
  return optimizer.rates.empty() ? "" : "learning-rate schedules";
}

inline DigitnetCudaSgd plain(const Optimizer& optimizer) {
  if (const std::string_view missing = missing_for(optimizer); !missing.empty())
    throw DeviceError(sentence("device 'cuda' cannot train with ", missing,
                               " yet; move the model with to('cpu'), or use SGD without clipping "
                               "and schedules"));
  const Sgd& sgd = std::get<Sgd>(optimizer.rule);
  return {sgd.learning_rate, sgd.momentum, sgd.weight_decay, sgd.nesterov ? 1 : 0};
}

inline DigitnetCudaSource source_of(const Dataset& data) {
  DigitnetCudaSource source{};
  source.count = data.x.count;
  source.features = data.x.features;
  source.outputs = data.targets.cols;
  source.bytes = data.x.type == ElementType::kUint8 ? 1 : 0;
  source.labelled = data.labels != nullptr ? 1 : 0;
  source.has_target = data.labels != nullptr || data.targets ? 1 : 0;
  source.weighted = data.weights != nullptr ? 1 : 0;
  // C has one kind of context; read takes it for what it is.
  source.context = const_cast<Dataset*>(&data);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  source.read = [](void* context, const std::uint32_t* order, std::int64_t first,
                   std::int64_t count, void* rows, std::int64_t row_stride, std::int32_t* labels,
                   float* targets, std::int64_t target_stride, float* weights) {
    const Dataset& from = *static_cast<const Dataset*>(context);
    read_rows(from.x, order, first, count, rows, row_stride);
    read_targets(from, order, first, count, labels, targets, target_stride, weights);
  };
  return source;
}

// A Monitor behind the plug-in's progress function: what it throws stops the work and is thrown
// again when the plug-in has returned.
class Progress {
 public:
  Progress(Monitor& monitor, Totals& totals) : monitor_(monitor), totals_(totals) {
    plain_ = {this, [](void* self, const DigitnetCudaTotals* now) {
                return static_cast<Progress*>(self)->report(*now);
              }};
  }

  const DigitnetCudaProgress* get() const { return &plain_; }
  void take(const DigitnetCudaTotals& now) {
    totals_.samples = now.samples;
    totals_.loss = now.loss;
    std::copy_n(now.metrics, totals_.metrics.size(), totals_.metrics.begin());
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::int32_t report(const DigitnetCudaTotals& now) {
    try {
      take(now);
      monitor_.progressed(totals_.samples, totals_);
      return 0;
    } catch (...) {
      failure_ = std::current_exception();
      return 1;
    }
  }

  Monitor& monitor_;
  Totals& totals_;
  DigitnetCudaProgress plain_{};
  std::exception_ptr failure_;
};

inline std::vector<float> flat(const Parameters& parameters) {
  std::vector<float> values;
  for (const DenseParameters& dense : parameters) {
    values.insert(values.end(), dense.kernel.begin(), dense.kernel.end());
    values.insert(values.end(), dense.bias.begin(), dense.bias.end());
  }
  return values;
}

inline Parameters shaped(const std::vector<float>& values, const Network& network) {
  Parameters parameters = network.zero_parameters();
  const float* next = values.data();
  for (DenseParameters& dense : parameters) {
    std::copy_n(next, dense.kernel.size(), dense.kernel.data());
    next += dense.kernel.size();
    std::copy_n(next, dense.bias.size(), dense.bias.data());
    next += dense.bias.size();
  }
  return parameters;
}

inline std::size_t flat_size(const Network& network) {
  std::size_t size = 0;
  for (const DenseParameters& dense : network.zero_parameters())
    size += dense.kernel.size() + dense.bias.size();
  return size;
}

}  // namespace digitnet::cuda
