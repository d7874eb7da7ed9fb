#include "digitnet/cpu/cpu_features.hpp"

#ifdef DIGITNET_X86_KERNELS
#ifdef _MSC_VER
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#include <cstdint>
#endif

namespace digitnet::cpu {

#ifdef DIGITNET_X86_KERNELS
namespace {

struct Registers {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(std::uint32_t leaf) {
  Registers r;
#ifdef _MSC_VER
  int out[4];
  __cpuidex(out, static_cast<int>(leaf), 0);
  r = {static_cast<std::uint32_t>(out[0]), static_cast<std::uint32_t>(out[1]),
       static_cast<std::uint32_t>(out[2]), static_cast<std::uint32_t>(out[3])};
#else
  if (__get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx) == 0) r = {};
#endif
  return r;
}

// The register states that the operating system saves (extended control register 0).
std::uint32_t saved_states() {
#ifdef _MSC_VER
  return static_cast<std::uint32_t>(_xgetbv(0));
#else
  // As bytes: the intrinsic would ask for -mxsave, and so for a newer processor than the baseline.
  // NOLINTBEGIN(portability-no-assembler)
  std::uint32_t low = 0, high = 0;
  __asm__ volatile(".byte 0x0f, 0x01, 0xd0" : "=a"(low), "=d"(high) : "c"(0));
  // NOLINTEND(portability-no-assembler)
  return low;
#endif
}

bool bit(std::uint32_t word, int index) { return ((word >> index) & 1U) != 0; }

}  // namespace

CpuFeatures detect_cpu_features() {
  constexpr std::uint32_t kYmmStates = 0x06, kZmmStates = 0xE6;
  CpuFeatures features;
  if (cpuid(0).eax < 7) return features;
  const Registers leaf1 = cpuid(1), leaf7 = cpuid(7);
  const bool osxsave = bit(leaf1.ecx, 27);
  if (!osxsave) return features;
  const std::uint32_t states = saved_states();
  const bool fma = bit(leaf1.ecx, 12);
  features.avx2 = (states & kYmmStates) == kYmmStates && fma && bit(leaf7.ebx, 5);
  features.avx512 = features.avx2 && (states & kZmmStates) == kZmmStates && bit(leaf7.ebx, 16) &&
                    bit(leaf7.ebx, 17) && bit(leaf7.ebx, 30) && bit(leaf7.ebx, 31);
  return features;
}
#else
CpuFeatures detect_cpu_features() { return {}; }
#endif

}  // namespace digitnet::cpu
