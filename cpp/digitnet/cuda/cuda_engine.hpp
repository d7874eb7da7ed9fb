#pragma once

#include <memory>
#include <string>

#include "digitnet/engine.hpp"

namespace digitnet::cuda {

// Empty where a CUDA engine can be made, else the sentence that says which step is missing.
std::string why_unavailable();

// Throws DeviceError, with why_unavailable(), where it cannot.
std::unique_ptr<Engine> make_cuda_engine(const Network& network);

}  // namespace digitnet::cuda
