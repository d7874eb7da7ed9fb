#pragma once

namespace digitnet {

// Rows and columns of the outputs that a kernel sums side by side, in registers.
struct TileShape {
  int rows, columns;
};

}  // namespace digitnet
