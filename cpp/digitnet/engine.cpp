#include "digitnet/engine.hpp"

#include "digitnet/cpu/cpu_engine.hpp"
#include "digitnet/cuda/cuda_engine.hpp"
#include "digitnet/error.hpp"

namespace digitnet {

std::unique_ptr<Engine> make_engine(const std::string& device, Precision precision,
                                    const Network& network) {
  check(device == "cpu" || device == "cuda" || device == "auto",
        "device must be 'cpu', 'cuda' or 'auto', got '", device, "'");
  if (device == "cuda") return cuda::make_cuda_engine(network, precision);
  if (device == "auto") {
    try {
      return cuda::make_cuda_engine(network, precision);
    } catch (const DeviceError&) {  // NOLINT(bugprone-empty-catch): none there, busy, full, or
                                    // without this precision
    }
  }
  check(device == "auto" || precision == Precision::kFloat32, "precision '",
        kPrecisionNames[static_cast<std::size_t>(precision)],
        "' needs device 'cuda', got device 'cpu'");
  return std::make_unique<cpu::CpuEngine>(network);
}

}  // namespace digitnet
