#pragma once
// Steps of a program over all samples of a source: from a copy of the whole on the device, or piece
// by piece through a smaller one.

#include "digitnet/cuda/plugin/data.hpp"
#include "digitnet/cuda/plugin/program.hpp"

namespace digitnet::cuda {

// The way to compute, on a device.
struct Machine {
  int device = 0;
  Math math = Math::kFloat32;
  int processors = 1;
  int blocks[2] = {1, 1};  // that run at once, with small tiles and with large ones
};

struct RunPlan {
  Purpose purpose = Purpose::kTrain;
  DigitnetCudaObjective objective{};
  Sgd sgd{};
  int64_t batch_size = 1;
  const std::uint32_t* order = nullptr;  // of the host
  bool update = false, dropout = false;
  double pace = 0;  // seconds a step takes, as measured before; 0: unknown
  std::uint64_t seed = 0, iteration = 0;
};

class Run {
 public:
  // data: all samples of the source on the device, or null. velocity, gradients: or null.
  Run(const Machine& machine, const DigitnetCudaNetwork& network, const std::vector<Layer>& layers,
      const DeviceParameters& parameters, const DeviceParameters* velocity,
      const DeviceParameters* gradients, const DigitnetCudaSource& source, const DeviceData* data,
      const RunPlan& plan);

  // Sets totals as it goes. out: (count, outputs) for predictions, else null. False where the
  // progress function stopped it.
  bool run(float* out, DigitnetCudaTotals& totals, const DigitnetCudaProgress& progress);
  double pace() const { return pace_; }

 private:
  struct Kernel {
    bool large_tiles;
    int rows, cols;  // of a tile
    int blocks;
  };

  static Kernel kernel_for(const Machine& machine, const std::vector<Layer>& layers,
                           const RunPlan& plan);
  int64_t piece_rows() const;
  // Samples first .. first + count - 1 of the run, which `arguments_.samples` now gives.
  bool run_piece(int64_t first, int64_t count, float* out, DigitnetCudaTotals& totals,
                 const DigitnetCudaProgress& progress);
  void fetch_totals(int64_t steps, int64_t samples, DigitnetCudaTotals& totals) const;
  void fetch_output(int64_t rows, float* out) const;

  const Machine& machine_;
  const DigitnetCudaNetwork& network_;
  const DigitnetCudaSource& source_;
  const DeviceData* resident_;
  RunPlan plan_;
  DeviceObjective objective_;
  Kernel kernel_;
  Program program_;
  StepArguments arguments_{};
  DeviceBuffer<std::uint32_t> order_;
  DeviceBuffer<double> row_losses_, row_metrics_, totals_;
  DeviceBuffer<std::uint64_t> barrier_;
  double pace_;
};

// One step of the optimizer with gradients that are given.
void descend(const Machine& machine, const DeviceParameters& parameters,
             const DeviceParameters& gradients, const DeviceParameters* velocity, const Sgd& sgd);

}  // namespace digitnet::cuda
