#pragma once
// Sixteen float lanes on AVX-512 (F, BW, DQ, VL). vector_avx2.hpp has the same vocabulary, and both
// give the same bits lane by lane.
//
// Included by kernels_avx512.cpp alone. Everything is in an anonymous namespace, and nothing here
// may use an inline function or template of the standard library: the linker could pick the AVX-512
// copy of it for the whole program.

#include <immintrin.h>

#include <cstdint>

#if defined(_MSC_VER) && !defined(__clang__)
#define DIGITNET_INLINE __forceinline
#else
#define DIGITNET_INLINE inline __attribute__((always_inline))
#endif

namespace digitnet::cpu {
namespace {

using std::int64_t;

constexpr int64_t kLanes = 16;

struct Vec {
  __m512 v;
};
struct Mask {
  __mmask16 m;
};
struct Double16 {
  __m512d lo, hi;
};

// Many intrinsics below are the masked forms with a full mask: GCC 12 warns about uninitialised
// values inside its own unmasked forms, and compiles both to the same instruction.

// --- memory. _n: the first n lanes only (n <= 0: none, n >= 16: all); nothing beyond them is
// touched.

DIGITNET_INLINE Mask first_lanes(int64_t n) {
  const int64_t count = n < 0 ? 0 : n > kLanes ? kLanes : n;
  return {static_cast<__mmask16>((1U << count) - 1U)};
}
// A hint: p may point anywhere.
DIGITNET_INLINE void prefetch(const float* p) {
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0);
}
DIGITNET_INLINE Vec zero() { return {_mm512_setzero_ps()}; }
// From a general register: spares the load port that a broadcast from memory takes.
DIGITNET_INLINE Vec broadcast_bits(std::uint32_t bits) {
  return {_mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(bits)))};
}
DIGITNET_INLINE Vec broadcast(float x) { return {_mm512_set1_ps(x)}; }
DIGITNET_INLINE Vec load(const float* p) { return {_mm512_load_ps(p)}; }
DIGITNET_INLINE bool any_nonzero(Vec x) {
  return _mm512_cmp_ps_mask(x.v, _mm512_setzero_ps(), _CMP_NEQ_UQ) != 0;
}
DIGITNET_INLINE Vec loadu(const float* p) { return {_mm512_loadu_ps(p)}; }
DIGITNET_INLINE Vec load_n(const float* p, int64_t n) {
  return {_mm512_maskz_loadu_ps(first_lanes(n).m, p)};
}
DIGITNET_INLINE void store(float* p, Vec x) { _mm512_store_ps(p, x.v); }
DIGITNET_INLINE void store_n(float* p, Vec x, int64_t n) {
  _mm512_mask_storeu_ps(p, first_lanes(n).m, x.v);
}

// --- one register, for the matrix product: here a Vec is one

constexpr int64_t kRegisterLanes = kLanes;

using Register = Vec;
DIGITNET_INLINE Register zero_register() { return zero(); }
DIGITNET_INLINE Register broadcast_register(float x) { return broadcast(x); }
DIGITNET_INLINE Register load_register(const float* p) { return load(p); }

// --- arithmetic, each rounded once

DIGITNET_INLINE Vec add(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
DIGITNET_INLINE Vec sub(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
DIGITNET_INLINE Vec mul(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
DIGITNET_INLINE Vec div(Vec a, Vec b) { return {_mm512_div_ps(a.v, b.v)}; }
DIGITNET_INLINE Vec sqrt(Vec a) { return {_mm512_maskz_sqrt_ps(0xFFFF, a.v)}; }
// a b + c
DIGITNET_INLINE Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
// c - a b
DIGITNET_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }
// a < b ? a : b and a > b ? a : b: the second operand where either is NaN. (The masked forms: GCC
// 12 warns about its own unmasked ones.)
DIGITNET_INLINE Vec min(Vec a, Vec b) { return {_mm512_maskz_min_ps(0xFFFF, a.v, b.v)}; }
DIGITNET_INLINE Vec max(Vec a, Vec b) { return {_mm512_maskz_max_ps(0xFFFF, a.v, b.v)}; }
// To the nearest integer, halves to even.
DIGITNET_INLINE Vec round_nearest(Vec x) {
  return {_mm512_maskz_roundscale_ps(0xFFFF, x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
// x 2^n for an integer n in [-150, 128], given as a float; rounded once.
DIGITNET_INLINE Vec scale_by_power(Vec x, Vec n) {
  return {_mm512_maskz_scalef_ps(0xFFFF, x.v, n.v)};
}

// --- bits and comparisons

DIGITNET_INLINE Vec bit_and(Vec a, Vec b) { return {_mm512_and_ps(a.v, b.v)}; }
DIGITNET_INLINE Vec bit_or(Vec a, Vec b) { return {_mm512_or_ps(a.v, b.v)}; }
DIGITNET_INLINE Vec bit_xor(Vec a, Vec b) { return {_mm512_xor_ps(a.v, b.v)}; }
// False where either is NaN.
DIGITNET_INLINE Mask less(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
DIGITNET_INLINE Mask less_equal(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)}; }
DIGITNET_INLINE Mask mask_and(Mask a, Mask b) { return {static_cast<__mmask16>(a.m & b.m)}; }
// mask ? a : b
DIGITNET_INLINE Vec select(Mask mask, Vec a, Vec b) {
  return {_mm512_mask_blend_ps(mask.m, b.v, a.v)};
}
// mask ? a : 0
DIGITNET_INLINE Vec keep(Mask mask, Vec a) { return {_mm512_maskz_mov_ps(mask.m, a.v)}; }

// --- over the lanes: halves, quarters, eighths, sixteenths; one order for both instruction sets

DIGITNET_INLINE __m256 lower(__m512 x) { return _mm512_maskz_extractf32x8_ps(0xFF, x, 0); }
DIGITNET_INLINE __m256 upper(__m512 x) { return _mm512_maskz_extractf32x8_ps(0xFF, x, 1); }
DIGITNET_INLINE float first(Vec x) { return _mm512_cvtss_f32(x.v); }
DIGITNET_INLINE float reduce_add(Vec x) {
  const __m256 eight = _mm256_add_ps(lower(x.v), upper(x.v));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
DIGITNET_INLINE float reduce_max(Vec x) {
  const __m256 eight = _mm256_max_ps(lower(x.v), upper(x.v));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// --- double sums

DIGITNET_INLINE __m512d double_half(Vec x, int half) {
  const __m256 part = half == 0 ? lower(x.v) : upper(x.v);
  return _mm512_maskz_cvtps_pd(0xFF, part);
}
DIGITNET_INLINE Double16 zero_double() { return {_mm512_setzero_pd(), _mm512_setzero_pd()}; }
DIGITNET_INLINE Double16 add(Double16 sum, Vec x) {
  return {_mm512_add_pd(sum.lo, double_half(x, 0)), _mm512_add_pd(sum.hi, double_half(x, 1))};
}
// sum + x^2 (the square of a float is exact in double)
DIGITNET_INLINE Double16 add_square(Double16 sum, Vec x) {
  const __m512d lo = double_half(x, 0), hi = double_half(x, 1);
  return {_mm512_fmadd_pd(lo, lo, sum.lo), _mm512_fmadd_pd(hi, hi, sum.hi)};
}
DIGITNET_INLINE double reduce_add(Double16 x) {
  const __m512d eight = _mm512_add_pd(x.lo, x.hi);
  const __m256d four = _mm256_add_pd(_mm512_maskz_extractf64x4_pd(0xF, eight, 0),
                                     _mm512_maskz_extractf64x4_pd(0xF, eight, 1));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

}  // namespace
}  // namespace digitnet::cpu
