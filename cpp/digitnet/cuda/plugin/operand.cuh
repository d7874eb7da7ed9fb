#pragma once
// What a product reads: a matrix of floats, or samples, fetched by their places in the order and
// scaled on the way. Four neighbours of a row at a time.

#include "digitnet/cuda/plugin/arithmetic.cuh"
#include "digitnet/cuda/plugin/step.hpp"

namespace digitnet::cuda {

struct alignas(16) Four {
  float v[4];
};

struct Operand {
  const void* data;
  int64_t stride;               // in elements; a multiple of 4, as far as rows are read by fours
  int64_t rows, cols;           // beyond them: zeros
  const std::uint32_t* places;  // of samples: row r lies at places[r]; or null
  bool bytes, scaled;           // uint8; value * scale + offset, each rounded
  float scale, offset;
  bool along_depth;  // a row of the operand runs along the depth of the product, else across
};

DIGITNET_DEVICE Operand matrix_operand(const DeviceMatrix& matrix, int64_t rows, int64_t cols,
                                       bool along_depth) {
  return {matrix.data, matrix.stride, rows, cols, nullptr, false, false, 1, 0, along_depth};
}

// Rows first .. first + rows - 1 of the run.
DIGITNET_DEVICE Operand sample_operand(const DeviceSamples& samples, int64_t first, int64_t rows,
                                       int64_t cols, bool along_depth) {
  const int64_t skipped = samples.order != nullptr ? 0 : first * samples.stride;
  const int64_t size = samples.bytes ? 1 : static_cast<int64_t>(sizeof(float));
  return {static_cast<const char*>(samples.rows) + skipped * size,
          samples.stride,
          rows,
          cols,
          samples.order != nullptr ? samples.order + first : nullptr,
          samples.bytes,
          true,
          samples.scale,
          samples.offset,
          along_depth};
}

// Elements (row, col .. col + 3); col a multiple of 4. Stored behind a row's end are zeros, but a
// scaled zero is the offset: it is cut off.
DIGITNET_DEVICE Four fetch4(const Operand& m, int64_t row, int64_t col) {
  Four out{{0, 0, 0, 0}};
  if (row >= m.rows || col >= m.cols) return out;
  const int64_t place = m.places != nullptr ? static_cast<int64_t>(m.places[row]) : row;
  const int64_t at = place * m.stride + col;
  if (m.bytes) {
    const std::uint32_t four =
        *reinterpret_cast<const std::uint32_t*>(static_cast<const std::uint8_t*>(m.data) + at);
    DIGITNET_UNROLL
    for (int i = 0; i < 4; ++i) out.v[i] = static_cast<float>(four >> (8 * i) & 255U);
  } else {
    out = *reinterpret_cast<const Four*>(static_cast<const float*>(m.data) + at);
  }
  if (!m.scaled) return out;
  DIGITNET_UNROLL
  for (int i = 0; i < 4; ++i)
    out.v[i] = col + i < m.cols ? plus(times(out.v[i], m.scale), m.offset) : 0;
  return out;
}

}  // namespace digitnet::cuda
