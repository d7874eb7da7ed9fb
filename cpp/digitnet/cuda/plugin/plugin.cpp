// The plug-in's table (plugin.hpp): exceptions become statuses and messages.
#include "digitnet/cuda/plugin.hpp"

#include <cstdio>
#include <cstring>
#include <new>
#include <optional>

#include "digitnet/cuda/plugin/model.hpp"

struct DigitnetCudaModel {
  digitnet::cuda::DeviceModel model;
};

struct DigitnetCudaData {
  digitnet::cuda::DeviceData data;
  int device;
};

namespace digitnet::cuda {
namespace {

std::int32_t failed(std::int32_t status, const char* text, DigitnetCudaMessage* message) {
  std::snprintf(message->text, sizeof message->text, "%s", text);
  return status;
}

// f(): whether it was finished
template <class F>
std::int32_t guarded(DigitnetCudaMessage* message, F f) {
  try {
    return f() ? DIGITNET_CUDA_OK : DIGITNET_CUDA_STOPPED;
  } catch (const std::bad_alloc&) {
    return failed(DIGITNET_CUDA_OUT_OF_MEMORY, "the host has no memory left", message);
  } catch (const std::exception& error) {
    return failed(DIGITNET_CUDA_DEVICE_ERROR, error.what(), message);
  } catch (...) {
    return failed(DIGITNET_CUDA_DEVICE_ERROR, "the GPU failed", message);
  }
}

// The same with the model's device as the thread's.
template <class F>
std::int32_t guarded(const DigitnetCudaModel* model, DigitnetCudaMessage* message, F f) {
  return guarded(message, [&] {
    const device::Use use(model->model.device());
    return f();
  });
}

// Frees what lies on a device; a lost one has nothing to give back.
template <class T>
void destroy_on(int device, T* object) {
  std::optional<device::Use> use;
  try {
    use.emplace(device);
  } catch (...) {  // NOLINT(bugprone-empty-catch): without it, the memory is the host's alone
  }
  delete object;
}

const DeviceData* data_of(const DigitnetCudaData* data) {
  return data != nullptr ? &data->data : nullptr;
}

std::int32_t device_count(std::int32_t* count, DigitnetCudaMessage* message) {
  return guarded(message, [&] {
    *count = device::count();
    return true;
  });
}

std::int32_t describe(std::int32_t device, DigitnetCudaDevice* out, DigitnetCudaMessage* message) {
  return guarded(message, [&] {
    const DeviceFacts facts = device::describe(device);
    std::snprintf(out->name, sizeof out->name, "%s", facts.name.c_str());
    out->major = facts.major;
    out->minor = facts.minor;
    out->processors = facts.processors;
    out->memory = facts.memory;
    return true;
  });
}

std::int32_t create(const DigitnetCudaNetwork* network, std::int32_t device, std::int32_t precision,
                    DigitnetCudaModel** out, DigitnetCudaMessage* message) {
  return guarded(message, [&] {
    const device::Use use(device);
    *out = new DigitnetCudaModel{{*network, device, static_cast<Math>(precision)}};
    return true;
  });
}

void destroy(DigitnetCudaModel* model) {
  if (model != nullptr) destroy_on(model->model.device(), model);
}

std::int32_t set_parameters(DigitnetCudaModel* model, const float* values,
                            DigitnetCudaMessage* message) {
  return guarded(message, [&] {
    model->model.set_parameters(values);
    return true;
  });
}

std::int32_t parameters(DigitnetCudaModel* model, float* values, DigitnetCudaMessage* message) {
  return guarded(message, [&] {
    model->model.copy_parameters(values);
    return true;
  });
}

std::int32_t set_velocity(DigitnetCudaModel* model, const float* values,
                          DigitnetCudaMessage* message) {
  return guarded(message, [&] {
    model->model.set_velocity(values);
    return true;
  });
}

std::int32_t velocity(DigitnetCudaModel* model, std::int32_t* has, float* values,
                      DigitnetCudaMessage* message) {
  return guarded(message, [&] {
    *has = model->model.copy_velocity(values) ? 1 : 0;
    return true;
  });
}

std::int32_t upload(DigitnetCudaModel* model, const DigitnetCudaSource* source,
                    DigitnetCudaData** out, DigitnetCudaMessage* message) {
  return guarded(model, message, [&] {
    std::unique_ptr<DeviceData> data = model->model.upload(*source);
    *out = data ? new DigitnetCudaData{std::move(*data), model->model.device()} : nullptr;
    return true;
  });
}

void release(DigitnetCudaData* data) {
  if (data != nullptr) destroy_on(data->device, data);
}

std::int32_t train(DigitnetCudaModel* model, const DigitnetCudaSource* source,
                   DigitnetCudaData* data, const DigitnetCudaPlan* plan, DigitnetCudaTotals* totals,
                   const DigitnetCudaProgress* progress, DigitnetCudaMessage* message) {
  return guarded(model, message, [&] {
    return model->model.train(*source, data_of(data), *plan, *totals, *progress);
  });
}

std::int32_t evaluate(DigitnetCudaModel* model, const DigitnetCudaSource* source,
                      DigitnetCudaData* data, const DigitnetCudaObjective* objective,
                      DigitnetCudaTotals* totals, const DigitnetCudaProgress* progress,
                      DigitnetCudaMessage* message) {
  return guarded(model, message, [&] {
    return model->model.evaluate(*source, data_of(data), *objective, *totals, *progress);
  });
}

std::int32_t predict(DigitnetCudaModel* model, const DigitnetCudaSource* source, float* out,
                     const DigitnetCudaProgress* progress, DigitnetCudaMessage* message) {
  return guarded(model, message, [&] { return model->model.predict(*source, out, *progress); });
}

std::int32_t gradients(DigitnetCudaModel* model, const DigitnetCudaSource* source,
                       const DigitnetCudaObjective* objective, const std::uint64_t* dropout_seed,
                       std::uint64_t iteration, float* values, const DigitnetCudaProgress* progress,
                       DigitnetCudaMessage* message) {
  return guarded(model, message, [&] {
    return model->model.gradients(*source, *objective, dropout_seed, iteration, values, *progress);
  });
}

std::int32_t apply_gradients(DigitnetCudaModel* model, const float* values,
                             const DigitnetCudaSgd* sgd, DigitnetCudaMessage* message) {
  return guarded(model, message, [&] {
    model->model.apply_gradients(values, *sgd);
    return true;
  });
}

const char* built_for() {
  static const std::string text = device::built_for();
  return text.c_str();
}

}  // namespace
}  // namespace digitnet::cuda

#ifdef _WIN32
#define DIGITNET_EXPORT extern "C" __declspec(dllexport)
#else
#define DIGITNET_EXPORT extern "C" __attribute__((visibility("default")))
#endif

DIGITNET_EXPORT const DigitnetCudaPlugin* digitnet_cuda_plugin() {
  using namespace digitnet::cuda;
  static const DigitnetCudaPlugin table{DIGITNET_CUDA_INTERFACE,
                                        built_for(),
                                        device_count,
                                        describe,
                                        create,
                                        destroy,
                                        set_parameters,
                                        parameters,
                                        set_velocity,
                                        velocity,
                                        upload,
                                        release,
                                        train,
                                        evaluate,
                                        predict,
                                        gradients,
                                        apply_gradients};
  return &table;
}
