#pragma once
// Finds and opens the CUDA plug-in: a library beside this one, or the one that DIGITNET_CUDA_PLUGIN
// names. Once in a process, when it is first asked for.

#include <string>

#include "digitnet/cuda/plugin.hpp"

namespace digitnet::cuda {

struct LoadedPlugin {
  const DigitnetCudaPlugin* table = nullptr;  // null where there is none
  std::string why;                            // then: the sentence that says so
};

const LoadedPlugin& plugin();

}  // namespace digitnet::cuda
