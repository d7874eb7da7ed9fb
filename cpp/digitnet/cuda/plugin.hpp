#pragma once
// The C interface between the core and the CUDA plug-in: plain data and function pointers, so that
// the two need neither the same compiler nor the same C++ library. The plug-in exports one
// function, digitnet_cuda_plugin, which returns the table at the end of this file.
//
// Layouts: parameters are one array of floats, for each dense layer kernel (in, units) row-major,
// then, where the layer has one, bias (units,). Enumerations travel as their integer values
// (activation.hpp, loss.hpp, metric.hpp, network.hpp).

#include <cstdint>

extern "C" {

// Raised with every change of this file: a plug-in of another version is not used.
#define DIGITNET_CUDA_INTERFACE 1u

enum DigitnetCudaStatus : std::int32_t {
  DIGITNET_CUDA_OK = 0,
  DIGITNET_CUDA_STOPPED = 1,        // the progress function said so; steps done so far are kept
  DIGITNET_CUDA_DEVICE_ERROR = 2,   // message says what the device answered
  DIGITNET_CUDA_OUT_OF_MEMORY = 3,  // of the host
};

enum DigitnetCudaPrecision : std::int32_t {
  DIGITNET_CUDA_FLOAT32 = 0,   // fused multiply-adds, in the CPU engine's order
  DIGITNET_CUDA_TF32 = 1,      // tensor cores, factors rounded to 11 bits
  DIGITNET_CUDA_BFLOAT16 = 2,  // tensor cores, factors rounded to 8 bits
};

struct DigitnetCudaMessage {
  char text[512];  // zero-terminated, set where a status is not OK
};

struct DigitnetCudaDevice {
  char name[256];
  std::int32_t major, minor;  // compute capability
  std::int32_t processors;    // streaming multiprocessors
  std::int64_t memory;        // bytes
};

struct DigitnetCudaLayer {
  std::int32_t kind, activation;
  std::int64_t in, out;
  float alpha, kernel_l2, rate, scale, offset;
  std::int32_t use_bias;
};

struct DigitnetCudaNetwork {
  std::int64_t input_size, output_size;
  float input_scale, input_offset;
  const DigitnetCudaLayer* layers;
  std::int64_t layer_count;
};

// Samples that the core can write down, in any range: the plug-in never sees the caller's arrays.
struct DigitnetCudaSource {
  std::int64_t count, features, outputs;
  std::int32_t bytes;       // samples are uint8, else float32
  std::int32_t labelled;    // labels, else targets (outputs wide); neither where there are none
  std::int32_t has_target;  // labels or targets
  std::int32_t weighted;
  void* context;
  // Writes the samples order[first] .. order[first + count - 1] (order null: first ..): rows
  // (count, features) and targets (count, outputs), each at its stride in elements, labels,
  // weights; nulls are left out.
  void (*read)(void* context, const std::uint32_t* order, std::int64_t first, std::int64_t count,
               void* rows, std::int64_t row_stride, std::int32_t* labels, float* targets,
               std::int64_t target_stride, float* weights);
};

struct DigitnetCudaObjective {
  std::int32_t loss, from_logits;
  float label_smoothing, delta;
  std::int32_t metrics[8];
  std::int32_t metric_count;
};

struct DigitnetCudaSgd {
  float learning_rate, momentum, weight_decay;
  std::int32_t nesterov;
};

struct DigitnetCudaPlan {
  DigitnetCudaObjective objective;
  DigitnetCudaSgd sgd;
  std::int64_t batch_size;
  const std::uint32_t* order;  // (count,) or null
  std::uint64_t dropout_seed, iteration;
};

struct DigitnetCudaTotals {
  std::int64_t samples, steps;
  double loss, metrics[8];
};

// Told now and then how far the work is; anything but 0 ends it at the last finished step.
struct DigitnetCudaProgress {
  void* context;
  std::int32_t (*report)(void* context, const DigitnetCudaTotals* totals);
};

typedef struct DigitnetCudaModel DigitnetCudaModel;
typedef struct DigitnetCudaData DigitnetCudaData;

struct DigitnetCudaPlugin {
  std::uint32_t interface_version;
  const char* built_for;  // architectures, toolkit

  // Devices that work; DEVICE_ERROR with the sentence that says which step failed where none does.
  std::int32_t (*device_count)(std::int32_t* count, DigitnetCudaMessage* message);
  std::int32_t (*describe)(std::int32_t device, DigitnetCudaDevice* out,
                           DigitnetCudaMessage* message);

  std::int32_t (*create)(const DigitnetCudaNetwork* network, std::int32_t device,
                         std::int32_t precision, DigitnetCudaModel** out,
                         DigitnetCudaMessage* message);
  void (*destroy)(DigitnetCudaModel* model);

  std::int32_t (*set_parameters)(DigitnetCudaModel* model, const float* values,
                                 DigitnetCudaMessage* message);
  // The last ones known where the device is lost.
  std::int32_t (*parameters)(DigitnetCudaModel* model, float* values, DigitnetCudaMessage* message);
  std::int32_t (*set_velocity)(DigitnetCudaModel* model, const float* values,  // null: none
                               DigitnetCudaMessage* message);
  std::int32_t (*velocity)(DigitnetCudaModel* model, std::int32_t* has, float* values,
                           DigitnetCudaMessage* message);

  // Copies samples to the device, where there is room (else *out is null): calls that are given the
  // copy read it instead of the source.
  std::int32_t (*upload)(DigitnetCudaModel* model, const DigitnetCudaSource* source,
                         DigitnetCudaData** out, DigitnetCudaMessage* message);
  void (*release)(DigitnetCudaData* data);

  std::int32_t (*train)(DigitnetCudaModel* model, const DigitnetCudaSource* source,
                        DigitnetCudaData* data, const DigitnetCudaPlan* plan,
                        DigitnetCudaTotals* totals, const DigitnetCudaProgress* progress,
                        DigitnetCudaMessage* message);
  std::int32_t (*evaluate)(DigitnetCudaModel* model, const DigitnetCudaSource* source,
                           DigitnetCudaData* data, const DigitnetCudaObjective* objective,
                           DigitnetCudaTotals* totals, const DigitnetCudaProgress* progress,
                           DigitnetCudaMessage* message);
  // out (count, output_size)
  std::int32_t (*predict)(DigitnetCudaModel* model, const DigitnetCudaSource* source, float* out,
                          const DigitnetCudaProgress* progress, DigitnetCudaMessage* message);
  // Of the mean loss over all samples as one batch; dropout_seed: null without dropout.
  std::int32_t (*gradients)(DigitnetCudaModel* model, const DigitnetCudaSource* source,
                            const DigitnetCudaObjective* objective,
                            const std::uint64_t* dropout_seed, std::uint64_t iteration,
                            float* values, const DigitnetCudaProgress* progress,
                            DigitnetCudaMessage* message);
  std::int32_t (*apply_gradients)(DigitnetCudaModel* model, const float* values,
                                  const DigitnetCudaSgd* sgd, DigitnetCudaMessage* message);
};

typedef const DigitnetCudaPlugin* (*DigitnetCudaEntry)();

}  // extern "C"
