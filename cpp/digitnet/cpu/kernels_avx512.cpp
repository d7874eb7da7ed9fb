// The kernels for AVX-512 (F, BW, DQ, VL); compiled with the flags that cpp/CMakeLists.txt gives
// this file. Only the table leaves it.

// The vocabulary first: the -inl files are written in it.
#include "digitnet/cpu/vector_avx512.hpp"
//
#include "digitnet/cpu/integer_avx512.hpp"
//
#include "digitnet/cpu/math-inl.hpp"
//
#include "digitnet/cpu/table-inl.hpp"

namespace digitnet::cpu {

// constexpr: nothing of this file may run before dispatch.cpp has looked at the processor.
constexpr KernelTable kAvx512Kernels = vector_kernels("avx512", 0.7, 0.64);

}  // namespace digitnet::cpu
