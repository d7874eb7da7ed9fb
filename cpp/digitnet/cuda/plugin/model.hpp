#pragma once
// A network on a device: what the core's CudaEngine speaks to.

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "digitnet/cuda/plugin/run.hpp"

namespace digitnet::cuda {

// One call at a time: each takes the model's lock, which a progress function may take again. The
// calling thread's device is the model's (device::Use) in those that compute, and in construction
// and end.
class DeviceModel {
 public:
  DeviceModel(const DigitnetCudaNetwork& network, int device, Math math);

  int device() const { return machine_.device; }
  void set_parameters(const float* values);
  // As the last step left them, or, where the device is lost, the last call that came through.
  void copy_parameters(float* values) const;
  void set_velocity(const float* values);   // null: none
  bool copy_velocity(float* values) const;  // values: may be null; whether there is one

  // Null where the device has no room for it.
  std::unique_ptr<DeviceData> upload(const DigitnetCudaSource& source);

  // These say false where the progress function stopped them.
  bool train(const DigitnetCudaSource& source, const DeviceData* data, const DigitnetCudaPlan& plan,
             DigitnetCudaTotals& totals, const DigitnetCudaProgress& progress);
  bool evaluate(const DigitnetCudaSource& source, const DeviceData* data,
                const DigitnetCudaObjective& objective, DigitnetCudaTotals& totals,
                const DigitnetCudaProgress& progress);
  bool predict(const DigitnetCudaSource& source, float* out, const DigitnetCudaProgress& progress);
  bool gradients(const DigitnetCudaSource& source, const DigitnetCudaObjective& objective,
                 const std::uint64_t* dropout_seed, std::uint64_t iteration, float* values,
                 const DigitnetCudaProgress& progress);
  void apply_gradients(const float* values, const DigitnetCudaSgd& sgd);

 private:
  // The device, and the parameters on it, ready for a call.
  void prepare();
  // Calls change(), which changes the device's copies, and keeps what comes out.
  template <class Change>
  bool change(const Sgd& sgd, Change change);
  void keep();
  bool run(const DigitnetCudaSource& source, const DeviceData* data, const RunPlan& plan,
           const DeviceParameters* gradients, float* out, DigitnetCudaTotals& totals,
           const DigitnetCudaProgress& progress);
  double penalty() const;
  RunPlan block_plan(Purpose purpose, const DigitnetCudaSource& source) const;

  DigitnetCudaNetwork network_;  // its layers: layers_
  std::vector<Layer> layers_;
  Machine machine_;
  // On the host, plugin.hpp's flat array: what counts. The device has copies, made when they are
  // needed, and stale after a change on the host or a call that failed.
  std::vector<float> values_;
  std::optional<std::vector<float>> velocities_;
  std::optional<DeviceParameters> parameters_, velocity_;
  double pace_ = 0;  // seconds of a training step, with batches of paced_batch_
  int64_t paced_batch_ = 0;
  bool stale_ = true;
  bool changing_ = false;  // steps are being done: the device's copies are newer
  mutable std::recursive_mutex mutex_;
};

}  // namespace digitnet::cuda
