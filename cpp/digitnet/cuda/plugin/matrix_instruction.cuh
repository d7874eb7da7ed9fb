#pragma once
// The tensor-core instructions: d += a b for a warp, a (16, depth), b (depth, 8), d (16, 8), with
// the fragments' layout of the PTX manual, section "Warp-level matrix instructions". With group =
// lane / 4 and t = lane % 4 a lane holds
//   d[0], d[1]: row group, columns 2 t, 2 t + 1; d[2], d[3]: row group + 8;
//   tf32 (depth 8):      a[0..3]: (group, t), (group + 8, t), (group, t + 4), (group + 8, t + 4);
//                        b[0..1]: (t, group), (t + 4, group);
//   bfloat16 (depth 16): the same places, each register a pair: depths 2 t, 2 t + 1 for t, and
//                        2 t + 8, 2 t + 9 for t + 4; the lower depth in the lower half.

#include "digitnet/cuda/plugin/platform.cuh"

#ifdef DIGITNET_CUDA_EMULATION
#include "digitnet/cuda/plugin/emulation/matrix_instruction.hpp"
#else

namespace digitnet::cuda {

// The nearest tf32, in the bits of a float.
DIGITNET_DEVICE std::uint32_t to_tf32(float value) {
  std::uint32_t bits = 0;
#if __CUDA_ARCH__ >= 800
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
#endif
  return bits;
}

// Both as bfloat16, to nearest even.
DIGITNET_DEVICE std::uint32_t to_bfloat16_pair(float low, float high) {
  std::uint32_t bits = 0;
#if __CUDA_ARCH__ >= 800
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
#endif
  return bits;
}

DIGITNET_DEVICE void multiply_tf32(float (&d)[4], const std::uint32_t (&a)[4],
                                   const std::uint32_t (&b)[2]) {
#if __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

DIGITNET_DEVICE void multiply_bfloat16(float (&d)[4], const std::uint32_t (&a)[4],
                                       const std::uint32_t (&b)[2]) {
#if __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

}  // namespace digitnet::cuda

#endif
