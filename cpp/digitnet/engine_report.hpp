#pragma once
// How an engine computes, for people who ask.

#include <string>

#include "digitnet/tile_shape.hpp"

namespace digitnet {

struct EngineReport {
  std::string isa;           // instruction set of the kernels
  TileShape dense, sparse;   // of the kernels that compute with zeros, and without
  int threads = 0;           // that shared the last call; 0: there was none
  double density = 1;        // share of its samples' values that are not zero, from some hundred
  bool skips_zeros = false;  // whether its first layer read their non-zeros alone
  // Between the layers, zeros are skipped in blocks of which a smaller share is not zero.
  double hidden_skip_below = 0;
};

}  // namespace digitnet
