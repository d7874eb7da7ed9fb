#include "digitnet/engine.hpp"

#include "digitnet/cpu/cpu_engine.hpp"
#include "digitnet/cuda/cuda_engine.hpp"
#include "digitnet/error.hpp"

namespace digitnet {

std::unique_ptr<Engine> make_engine(const std::string& device, const Network& network) {
  check(device == "cpu" || device == "cuda" || device == "auto",
        "device must be 'cpu', 'cuda' or 'auto', got '", device, "'");
  if (device == "cuda") return cuda::make_cuda_engine(network);
  if (device == "auto" && cuda::why_unavailable().empty()) return cuda::make_cuda_engine(network);
  return std::make_unique<cpu::CpuEngine>(network);
}

}  // namespace digitnet
