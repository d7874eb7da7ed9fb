#pragma once
// What the kernel micro-benchmarks time: every kernel at the shapes of the article's and of the
// wide network.

#include <functional>
#include <string>
#include <vector>

#include "digitnet/aligned_buffer.hpp"
#include "digitnet/cpu/kernel_table.hpp"

namespace digitnet::bench {

using cpu::KernelTable;

// One kernel at one shape. `run` computes into `output`; `restore` puts back what `run` changed.
struct Case {
  std::string name;
  double flop, bytes;  // of one call, with every operand met once
  double tolerance;    // largest difference from generic that the order of summation explains
  std::vector<AlignedBuffer<float>*> output;
  std::function<void(const KernelTable&)> run;
  std::function<void()> restore = [] {};
};

std::vector<Case> kernel_cases();

}  // namespace digitnet::bench
