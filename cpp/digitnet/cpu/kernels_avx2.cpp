// The kernels for AVX2 with FMA; compiled with the flags that cpp/CMakeLists.txt gives this file.
// Only the table leaves it.

// The vocabulary first: the -inl files are written in it.
#include "digitnet/cpu/vector_avx2.hpp"
//
#include "digitnet/cpu/integer_avx2.hpp"
//
#include "digitnet/cpu/math-inl.hpp"
//
#include "digitnet/cpu/table-inl.hpp"

namespace digitnet::cpu {

// constexpr: nothing of this file may run before dispatch.cpp has looked at the processor.
constexpr KernelTable kAvx2Kernels = vector_kernels("avx2", 0.4, 0.62);

}  // namespace digitnet::cpu
