#pragma once
// How an engine computes, for people who ask.

#include <string>

namespace digitnet {

struct TileShape {
  int rows, columns;
};

struct EngineReport {
  std::string isa;           // instruction set of the kernels
  TileShape dense, sparse;   // outputs that a kernel sums side by side
  int threads = 0;           // that shared the last call; 0: there was none
  double density = 1;        // share of its samples' values that are not zero
  bool skips_zeros = false;  // whether its first layer read their non-zeros alone
};

}  // namespace digitnet
