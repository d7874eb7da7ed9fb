#pragma once

namespace digitnet::cpu {

// What both the processor and the operating system (which must save the wide registers) support.
struct CpuFeatures {
  bool avx2 = false;    // AVX2 and FMA
  bool avx512 = false;  // AVX-512 F, BW, DQ, VL
};

CpuFeatures detect_cpu_features();

}  // namespace digitnet::cpu
