#pragma once
// Sixteen integer lanes on AVX2, and the way from and to vector_avx2.hpp, under whose rules this
// file stands. integer_avx512.hpp has the same vocabulary.

#include "digitnet/cpu/vector_avx2.hpp"

namespace digitnet::cpu {
namespace {

struct Int {  // 16 lanes of 32 bits, also seen as 8 of 64
  __m256i lo, hi;
};

DIGITNET_INLINE Int broadcast_int(std::uint32_t x) {
  const __m256i all = _mm256_set1_epi32(static_cast<int>(x));
  return {all, all};
}
DIGITNET_INLINE Int load_int(const std::uint32_t* p) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 8))};
}
DIGITNET_INLINE Int add(Int a, Int b) {
  return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)};
}
DIGITNET_INLINE Int sub(Int a, Int b) {
  return {_mm256_sub_epi32(a.lo, b.lo), _mm256_sub_epi32(a.hi, b.hi)};
}
DIGITNET_INLINE Int bit_and(Int a, Int b) {
  return {_mm256_and_si256(a.lo, b.lo), _mm256_and_si256(a.hi, b.hi)};
}
DIGITNET_INLINE Int bit_xor(Int a, Int b) {
  return {_mm256_xor_si256(a.lo, b.lo), _mm256_xor_si256(a.hi, b.hi)};
}
DIGITNET_INLINE Mask equal(Int a, Int b) {
  return {_mm256_castsi256_ps(_mm256_cmpeq_epi32(a.lo, b.lo)),
          _mm256_castsi256_ps(_mm256_cmpeq_epi32(a.hi, b.hi))};
}
DIGITNET_INLINE Mask less_unsigned(Int a, Int b) {
  // AVX2 compares signed numbers only: flip the sign bits.
  const Int top = broadcast_int(0x80000000U), x = bit_xor(a, top), y = bit_xor(b, top);
  return {_mm256_castsi256_ps(_mm256_cmpgt_epi32(y.lo, x.lo)),
          _mm256_castsi256_ps(_mm256_cmpgt_epi32(y.hi, x.hi))};
}
template <int kBits>
DIGITNET_INLINE Int shift_right_signed(Int a) {
  return {_mm256_srai_epi32(a.lo, kBits), _mm256_srai_epi32(a.hi, kBits)};
}
DIGITNET_INLINE Vec to_float(Int a) { return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)}; }
DIGITNET_INLINE Int bits_of(Vec a) {
  return {_mm256_castps_si256(a.lo), _mm256_castps_si256(a.hi)};
}
DIGITNET_INLINE Vec float_from_bits(Int a) {
  return {_mm256_castsi256_ps(a.lo), _mm256_castsi256_ps(a.hi)};
}
// The 64-bit products of the even lanes.
DIGITNET_INLINE Int multiply_even(Int a, Int b) {
  return {_mm256_mul_epu32(a.lo, b.lo), _mm256_mul_epu32(a.hi, b.hi)};
}
// Each odd lane into the even lane before it.
DIGITNET_INLINE Int odd_to_even(Int a) {
  return {_mm256_srli_epi64(a.lo, 32), _mm256_srli_epi64(a.hi, 32)};
}
// The even lanes of both: a's stay even, b's become odd.
DIGITNET_INLINE Int merge_even(Int a, Int b) {
  return {_mm256_blend_epi32(a.lo, _mm256_slli_epi64(b.lo, 32), 0xAA),
          _mm256_blend_epi32(a.hi, _mm256_slli_epi64(b.hi, 32), 0xAA)};
}

// Sixteen bytes as floats.
DIGITNET_INLINE Vec load_u8(const std::uint8_t* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return to_float(Int{_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8))});
}

DIGITNET_INLINE void transpose_groups(__m256& a, __m256& b, __m256& c, __m256& d) {
  const __m256d ab_lo = _mm256_castps_pd(_mm256_unpacklo_ps(a, b));
  const __m256d ab_hi = _mm256_castps_pd(_mm256_unpackhi_ps(a, b));
  const __m256d cd_lo = _mm256_castps_pd(_mm256_unpacklo_ps(c, d));
  const __m256d cd_hi = _mm256_castps_pd(_mm256_unpackhi_ps(c, d));
  a = _mm256_castpd_ps(_mm256_unpacklo_pd(ab_lo, cd_lo));
  b = _mm256_castpd_ps(_mm256_unpackhi_pd(ab_lo, cd_lo));
  c = _mm256_castpd_ps(_mm256_unpacklo_pd(ab_hi, cd_hi));
  d = _mm256_castpd_ps(_mm256_unpackhi_pd(ab_hi, cd_hi));
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
  std::uint64_t mask = 0;
  for (int v = 0; v < 2; ++v) {
    const __m256i bytes =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + std::ptrdiff_t{32} * v));
    const int zeros = _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_setzero_si256()));
    mask |= static_cast<std::uint64_t>(~static_cast<std::uint32_t>(zeros)) << (32 * v);
  }
  return mask;
}
DIGITNET_INLINE std::uint64_t nonzero_mask64(const float* p) {
  std::uint64_t mask = 0;
  for (int v = 0; v < 8; ++v) {
    const __m256 differ =
        _mm256_cmp_ps(_mm256_loadu_ps(p + std::ptrdiff_t{8} * v), _mm256_setzero_ps(), _CMP_NEQ_UQ);
    mask |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_ps(differ)))
            << (8 * v);
  }
  return mask;
}

// Each aligned group of four lanes of a, b, c, d, read as the columns of a 4 x 4 matrix, becomes
// its rows.
DIGITNET_INLINE void transpose_groups(Vec& a, Vec& b, Vec& c, Vec& d) {
  transpose_groups(a.lo, b.lo, c.lo, d.lo);
  transpose_groups(a.hi, b.hi, c.hi, d.hi);
}

}  // namespace
}  // namespace digitnet::cpu
