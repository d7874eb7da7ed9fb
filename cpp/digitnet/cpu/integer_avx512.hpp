#pragma once
// Sixteen integer lanes on AVX-512, and the way from and to vector_avx512.hpp, under whose rules
// this file stands. integer_avx2.hpp has the same vocabulary.

#include "digitnet/cpu/vector_avx512.hpp"

namespace digitnet::cpu {
namespace {

struct Int {  // 16 lanes of 32 bits, also seen as 8 of 64
  __m512i v;
};

DIGITNET_INLINE Int broadcast_int(std::uint32_t x) {
  return {_mm512_set1_epi32(static_cast<int>(x))};
}
DIGITNET_INLINE Int load_int(const std::uint32_t* p) { return {_mm512_loadu_si512(p)}; }
DIGITNET_INLINE Int add(Int a, Int b) { return {_mm512_add_epi32(a.v, b.v)}; }
DIGITNET_INLINE Int sub(Int a, Int b) { return {_mm512_sub_epi32(a.v, b.v)}; }
DIGITNET_INLINE Int bit_and(Int a, Int b) { return {_mm512_and_si512(a.v, b.v)}; }
DIGITNET_INLINE Int bit_xor(Int a, Int b) { return {_mm512_xor_si512(a.v, b.v)}; }
DIGITNET_INLINE Mask equal(Int a, Int b) { return {_mm512_cmpeq_epi32_mask(a.v, b.v)}; }
DIGITNET_INLINE Mask less_unsigned(Int a, Int b) { return {_mm512_cmplt_epu32_mask(a.v, b.v)}; }
template <int kBits>
DIGITNET_INLINE Int shift_right_signed(Int a) {
  return {_mm512_maskz_srai_epi32(0xFFFF, a.v, kBits)};
}
DIGITNET_INLINE Vec to_float(Int a) { return {_mm512_maskz_cvtepi32_ps(0xFFFF, a.v)}; }
DIGITNET_INLINE Int bits_of(Vec a) { return {_mm512_castps_si512(a.v)}; }
DIGITNET_INLINE Vec float_from_bits(Int a) { return {_mm512_castsi512_ps(a.v)}; }
// The 64-bit products of the even lanes.
DIGITNET_INLINE Int multiply_even(Int a, Int b) { return {_mm512_maskz_mul_epu32(0xFF, a.v, b.v)}; }
// Each odd lane into the even lane before it.
DIGITNET_INLINE Int odd_to_even(Int a) { return {_mm512_maskz_srli_epi64(0xFF, a.v, 32)}; }
// The even lanes of both: a's stay even, b's become odd.
DIGITNET_INLINE Int merge_even(Int a, Int b) {
  return {_mm512_mask_blend_epi32(0xAAAA, a.v, _mm512_maskz_slli_epi64(0xFF, b.v, 32))};
}

// Sixteen bytes as floats.
DIGITNET_INLINE Vec load_u8(const std::uint8_t* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return to_float(Int{_mm512_maskz_cvtepu8_epi32(0xFFFF, bytes)});
}

// The index of the lowest set bit of a mask that has one.
DIGITNET_INLINE int lowest_bit(std::uint64_t mask) {
#if defined(_MSC_VER) && !defined(__clang__)
  unsigned long index;
  _BitScanForward64(&index, mask);
  return static_cast<int>(index);
#else
  return __builtin_ctzll(mask);
#endif
}

// Bit i is set where p[i] is not zero, 0 <= i < 64.
DIGITNET_INLINE std::uint64_t nonzero_mask64(const std::uint8_t* p) {
  const __m512i bytes = _mm512_loadu_si512(p);
  return _mm512_test_epi8_mask(bytes, bytes);
}
DIGITNET_INLINE std::uint64_t nonzero_mask64(const float* p) {
  std::uint64_t mask = 0;
  for (int v = 0; v < 4; ++v) {
    const __mmask16 lanes = _mm512_cmp_ps_mask(_mm512_loadu_ps(p + std::ptrdiff_t{16} * v),
                                               _mm512_setzero_ps(), _CMP_NEQ_UQ);
    mask |= static_cast<std::uint64_t>(lanes) << (16 * v);
  }
  return mask;
}

DIGITNET_INLINE int count_bits(__mmask16 mask) { return _mm_popcnt_u32(mask); }
DIGITNET_INLINE Vec load16(const std::uint8_t* p) { return load_u8(p); }
DIGITNET_INLINE Vec load16(const float* p) { return loadu(p); }
// first + i step in lane i
DIGITNET_INLINE __m512i lane_offsets(std::uint32_t first, std::uint32_t step) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(first)),
                          _mm512_mullo_epi32(lanes, _mm512_set1_epi32(static_cast<int>(step))));
}
// Writes a_0 b_0 a_1 b_1 .. a_15 b_15.
DIGITNET_INLINE void store_pairs(__m512i a, __m512i b, void* out) {
  const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const __m512i high =
      _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  _mm512_storeu_si512(out, _mm512_permutex2var_epi32(a, low, b));
  _mm512_storeu_si512(static_cast<char*>(out) + 64, _mm512_permutex2var_epi32(a, high, b));
}

// Each aligned group of four lanes of a, b, c, d, read as the columns of a 4 x 4 matrix, becomes
// its rows.
DIGITNET_INLINE void transpose_groups(Vec& a, Vec& b, Vec& c, Vec& d) {
  const __m512d ab_lo = _mm512_castps_pd(_mm512_maskz_unpacklo_ps(0xFFFF, a.v, b.v));
  const __m512d ab_hi = _mm512_castps_pd(_mm512_maskz_unpackhi_ps(0xFFFF, a.v, b.v));
  const __m512d cd_lo = _mm512_castps_pd(_mm512_maskz_unpacklo_ps(0xFFFF, c.v, d.v));
  const __m512d cd_hi = _mm512_castps_pd(_mm512_maskz_unpackhi_ps(0xFFFF, c.v, d.v));
  a.v = _mm512_castpd_ps(_mm512_maskz_unpacklo_pd(0xFF, ab_lo, cd_lo));
  b.v = _mm512_castpd_ps(_mm512_maskz_unpackhi_pd(0xFF, ab_lo, cd_lo));
  c.v = _mm512_castpd_ps(_mm512_maskz_unpacklo_pd(0xFF, ab_hi, cd_hi));
  d.v = _mm512_castpd_ps(_mm512_maskz_unpackhi_pd(0xFF, ab_hi, cd_hi));
}

}  // namespace
}  // namespace digitnet::cpu
