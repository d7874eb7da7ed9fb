#pragma once

#include <string>
#include <vector>

#include "digitnet/cpu/kernel_table.hpp"

namespace digitnet::cpu {

// The instruction sets this processor can run, slowest first: generic, avx2, avx512.
std::vector<std::string> supported_isas();

// The table of one instruction set. Throws std::invalid_argument for an unknown name and
// DeviceError for one that this processor or this build lacks.
const KernelTable& kernels_for(const std::string& isa);

// The table in use: the fastest, or the one that the environment variable DIGITNET_CPU_ISA names
// (read at the first call; errors as kernels_for). DIGITNET_SKIP_BELOW and
// DIGITNET_SKIP_HIDDEN_BELOW, numbers from 0 to 1, take the place of its skip_below and
// skip_hidden_below: for measuring them on another machine.
const KernelTable& kernels();

}  // namespace digitnet::cpu
