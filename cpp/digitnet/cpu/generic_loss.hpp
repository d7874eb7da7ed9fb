#pragma once

#include "digitnet/cpu/kernel_table.hpp"

namespace digitnet::cpu {

// The generic table's loss_rows; see kernel_table.hpp.
void generic_loss_rows(const LossRows& args);

}  // namespace digitnet::cpu
