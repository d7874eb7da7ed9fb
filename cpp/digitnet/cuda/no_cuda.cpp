// Built where the CUDA plug-in is not: the device exists by name, and says why it cannot be used.

#include "digitnet/cuda/cuda_engine.hpp"
#include "digitnet/error.hpp"

namespace digitnet::cuda {

std::string why_unavailable() { return "device 'cuda' is not part of this build of digitnet"; }

std::unique_ptr<Engine> make_cuda_engine(const Network&) { throw DeviceError(why_unavailable()); }

}  // namespace digitnet::cuda
