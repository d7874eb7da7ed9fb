#pragma once

#include <cstdint>

namespace digitnet {

// A non-owning row-major view: element (r, c) at data[r * stride + c].
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::int64_t rows = 0, cols = 0, stride = 0;

  T* row(std::int64_t r) const { return data + r * stride; }
  explicit operator bool() const { return data != nullptr; }
};

}  // namespace digitnet
