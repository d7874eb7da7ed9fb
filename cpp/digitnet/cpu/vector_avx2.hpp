#pragma once
// Sixteen float lanes on AVX2 with FMA, as two registers. vector_avx512.hpp has the same
// vocabulary, and both give the same bits lane by lane.
//
// Included by kernels_avx2.cpp alone. Everything is in an anonymous namespace, and nothing here may
// use an inline function or template of the standard library: the linker could pick the AVX2 copy
// of it for the whole program.

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
  __m256 lo, hi;
};
struct Mask {  // all bits of a lane set, or none
  __m256 lo, hi;
};
struct Double16 {
  __m256d a, b, c, d;
};

// --- memory. _n: the first n lanes only (n <= 0: none, n >= 16: all); nothing beyond them is
// touched.

DIGITNET_INLINE Mask first_lanes(int64_t n) {
  const int64_t count = n < 0 ? 0 : n > kLanes ? kLanes : n;
  const __m256i limit = _mm256_set1_epi32(static_cast<int>(count));
  const __m256i lo = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i hi = _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15);
  return {_mm256_castsi256_ps(_mm256_cmpgt_epi32(limit, lo)),
          _mm256_castsi256_ps(_mm256_cmpgt_epi32(limit, hi))};
}
// A hint: p may point anywhere.
DIGITNET_INLINE void prefetch(const float* p) {
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0);
}
DIGITNET_INLINE Vec zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
// From a general register: spares the load port that a broadcast from memory takes.
DIGITNET_INLINE Vec broadcast_bits(std::uint32_t bits) {
  const __m256 x = _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(bits)));
  return {x, x};
}
DIGITNET_INLINE Vec broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
DIGITNET_INLINE Vec load(const float* p) { return {_mm256_load_ps(p), _mm256_load_ps(p + 8)}; }
DIGITNET_INLINE bool any_nonzero(Vec x) {
  const __m256 lo = _mm256_cmp_ps(x.lo, _mm256_setzero_ps(), _CMP_NEQ_UQ);
  const __m256 hi = _mm256_cmp_ps(x.hi, _mm256_setzero_ps(), _CMP_NEQ_UQ);
  return _mm256_movemask_ps(_mm256_or_ps(lo, hi)) != 0;
}
DIGITNET_INLINE Vec loadu(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
DIGITNET_INLINE Vec load_n(const float* p, int64_t n) {
  const Mask mask = first_lanes(n);
  return {_mm256_maskload_ps(p, _mm256_castps_si256(mask.lo)),
          _mm256_maskload_ps(p + 8, _mm256_castps_si256(mask.hi))};
}
DIGITNET_INLINE void store(float* p, Vec x) {
  _mm256_store_ps(p, x.lo);
  _mm256_store_ps(p + 8, x.hi);
}
DIGITNET_INLINE void store_n(float* p, Vec x, int64_t n) {
  const Mask mask = first_lanes(n);
  _mm256_maskstore_ps(p, _mm256_castps_si256(mask.lo), x.lo);
  _mm256_maskstore_ps(p + 8, _mm256_castps_si256(mask.hi), x.hi);
}

// --- one register, for the matrix product

constexpr int64_t kRegisterLanes = 8;

struct Register {
  __m256 v;
};
DIGITNET_INLINE Register zero_register() { return {_mm256_setzero_ps()}; }
DIGITNET_INLINE Register broadcast_register(float x) { return {_mm256_set1_ps(x)}; }
DIGITNET_INLINE Register load_register(const float* p) { return {_mm256_load_ps(p)}; }
DIGITNET_INLINE void store(float* p, Register x) { _mm256_store_ps(p, x.v); }
// a b + c
DIGITNET_INLINE Register fma(Register a, Register b, Register c) {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}

// --- arithmetic, each rounded once

DIGITNET_INLINE Vec add(Vec a, Vec b) {
  return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}
DIGITNET_INLINE Vec sub(Vec a, Vec b) {
  return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}
DIGITNET_INLINE Vec mul(Vec a, Vec b) {
  return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
DIGITNET_INLINE Vec div(Vec a, Vec b) {
  return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}
DIGITNET_INLINE Vec sqrt(Vec a) { return {_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)}; }
// a b + c
DIGITNET_INLINE Vec fma(Vec a, Vec b, Vec c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
// c - a b
DIGITNET_INLINE Vec fnma(Vec a, Vec b, Vec c) {
  return {_mm256_fnmadd_ps(a.lo, b.lo, c.lo), _mm256_fnmadd_ps(a.hi, b.hi, c.hi)};
}
// a < b ? a : b and a > b ? a : b: the second operand where either is NaN
DIGITNET_INLINE Vec min(Vec a, Vec b) {
  return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)};
}
DIGITNET_INLINE Vec max(Vec a, Vec b) {
  return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
}
// To the nearest integer, halves to even.
DIGITNET_INLINE Vec round_nearest(Vec x) {
  return {_mm256_round_ps(x.lo, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
          _mm256_round_ps(x.hi, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
DIGITNET_INLINE __m256 scale_by_power(__m256 x, __m256 n) {
  // 2^n may lie outside the floats, so in two steps; only the second can round.
  const __m256i exponent = _mm256_cvtps_epi32(n);
  const __m256i half = _mm256_srai_epi32(exponent, 1), bias = _mm256_set1_epi32(127);
  const __m256i rest = _mm256_sub_epi32(exponent, half);
  const __m256i first = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
  const __m256i second = _mm256_slli_epi32(_mm256_add_epi32(rest, bias), 23);
  return _mm256_mul_ps(_mm256_mul_ps(x, _mm256_castsi256_ps(first)), _mm256_castsi256_ps(second));
}
// x 2^n for an integer n in [-150, 128], given as a float; rounded once.
DIGITNET_INLINE Vec scale_by_power(Vec x, Vec n) {
  return {scale_by_power(x.lo, n.lo), scale_by_power(x.hi, n.hi)};
}

// --- bits and comparisons

DIGITNET_INLINE Vec bit_and(Vec a, Vec b) {
  return {_mm256_and_ps(a.lo, b.lo), _mm256_and_ps(a.hi, b.hi)};
}
DIGITNET_INLINE Vec bit_or(Vec a, Vec b) {
  return {_mm256_or_ps(a.lo, b.lo), _mm256_or_ps(a.hi, b.hi)};
}
DIGITNET_INLINE Vec bit_xor(Vec a, Vec b) {
  return {_mm256_xor_ps(a.lo, b.lo), _mm256_xor_ps(a.hi, b.hi)};
}
// False where either is NaN.
DIGITNET_INLINE Mask less(Vec a, Vec b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ)};
}
DIGITNET_INLINE Mask less_equal(Vec a, Vec b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_LE_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_LE_OQ)};
}
DIGITNET_INLINE Mask mask_and(Mask a, Mask b) {
  return {_mm256_and_ps(a.lo, b.lo), _mm256_and_ps(a.hi, b.hi)};
}
// mask ? a : b
DIGITNET_INLINE Vec select(Mask mask, Vec a, Vec b) {
  return {_mm256_blendv_ps(b.lo, a.lo, mask.lo), _mm256_blendv_ps(b.hi, a.hi, mask.hi)};
}
// mask ? a : 0
DIGITNET_INLINE Vec keep(Mask mask, Vec a) {
  return {_mm256_and_ps(mask.lo, a.lo), _mm256_and_ps(mask.hi, a.hi)};
}

// --- over the lanes: halves, quarters, eighths, sixteenths; one order for both instruction sets

DIGITNET_INLINE float first(Vec x) { return _mm256_cvtss_f32(x.lo); }
DIGITNET_INLINE float reduce_add(Vec x) {
  const __m256 eight = _mm256_add_ps(x.lo, x.hi);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
DIGITNET_INLINE float reduce_max(Vec x) {
  const __m256 eight = _mm256_max_ps(x.lo, x.hi);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// --- double sums

DIGITNET_INLINE __m256d double_quarter(Vec x, int quarter) {
  const __m256 half = quarter < 2 ? x.lo : x.hi;
  return _mm256_cvtps_pd(quarter % 2 == 0 ? _mm256_castps256_ps128(half)
                                          : _mm256_extractf128_ps(half, 1));
}
DIGITNET_INLINE Double16 zero_double() {
  return {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()};
}
DIGITNET_INLINE Double16 add(Double16 sum, Vec x) {
  return {_mm256_add_pd(sum.a, double_quarter(x, 0)), _mm256_add_pd(sum.b, double_quarter(x, 1)),
          _mm256_add_pd(sum.c, double_quarter(x, 2)), _mm256_add_pd(sum.d, double_quarter(x, 3))};
}
// sum + x^2 (the square of a float is exact in double)
DIGITNET_INLINE Double16 add_square(Double16 sum, Vec x) {
  const __m256d a = double_quarter(x, 0), b = double_quarter(x, 1);
  const __m256d c = double_quarter(x, 2), d = double_quarter(x, 3);
  return {_mm256_fmadd_pd(a, a, sum.a), _mm256_fmadd_pd(b, b, sum.b), _mm256_fmadd_pd(c, c, sum.c),
          _mm256_fmadd_pd(d, d, sum.d)};
}
DIGITNET_INLINE double reduce_add(Double16 x) {
  const __m256d four = _mm256_add_pd(_mm256_add_pd(x.a, x.c), _mm256_add_pd(x.b, x.d));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

}  // namespace
}  // namespace digitnet::cpu
