#pragma once

#include <memory>
#include <string>
#include <vector>

#include "digitnet/engine.hpp"

namespace digitnet::cuda {

// A GPU that works.
struct DeviceInfo {
  std::string name;
  int major = 0, minor = 0;  // compute capability
  int processors = 0;
  std::int64_t memory = 0;  // bytes
  int index = 0;            // as the driver counts
};

// Those that are there; where there is none, the sentence that says which step failed goes to why.
std::vector<DeviceInfo> devices(std::string& why);

// Empty where a CUDA engine can be made, else the sentence that says which step is missing.
std::string why_unavailable();

// What a CUDA engine cannot do of an optimizer's settings, in words; empty where it can all.
std::string missing_optimizer(const Optimizer& optimizer);

// What the plug-in was built with; empty where there is none.
std::string plugin_built_for();

// Throws DeviceError, with why_unavailable(), where it cannot. Keeps a reference to the network.
std::unique_ptr<Engine> make_cuda_engine(const Network& network, Precision precision);

}  // namespace digitnet::cuda
