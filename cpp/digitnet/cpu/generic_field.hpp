#pragma once
// The fields of random displacements of kernel_table.hpp, as plain loops.

#include "digitnet/cpu/kernel_table.hpp"

namespace digitnet::cpu {

void generic_noise(const Noise& args);
void generic_filter(const Filter& args);

}  // namespace digitnet::cpu
