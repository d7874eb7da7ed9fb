#pragma once
// Elementary functions of sixteen floats, after vector_avx2.hpp or vector_avx512.hpp.
//
// The polynomials are minimax fits of relative error: least squares on 600 Chebyshev points,
// reweighted until level, then rounded to float from the lowest coefficient up. The errors, in
// units in the last place (ulp), were measured against double on every 61st float of the range. NaN
// in, NaN out.

#include <math.h>

namespace digitnet::cpu {
namespace {

constexpr float kLn2High = 0x1.62e43p-1F, kLn2Low = -0x1.05c61p-29F;  // their sum is ln 2 to 2^-54

DIGITNET_INLINE Vec abs(Vec x) { return bit_and(x, float_from_bits(broadcast_int(0x7FFFFFFFU))); }
DIGITNET_INLINE Vec sign_bit(Vec x) {
  return bit_and(x, float_from_bits(broadcast_int(0x80000000U)));
}
DIGITNET_INLINE Vec negate(Vec x) {
  return bit_xor(x, float_from_bits(broadcast_int(0x80000000U)));
}

// x = n ln 2 + r with |r| <= ln 2 / 2, for x in [-104, 89]. Returns exp(r) - 1.
// Degree 7 on +-0.347, relative error 4.4e-10.
DIGITNET_INLINE Vec reduced_expm1(Vec x, Vec& n) {
  n = round_nearest(mul(x, broadcast(0x1.715476p+0F)));  // 1 / ln 2
  const Vec r = fnma(n, broadcast(kLn2Low), fnma(n, broadcast(kLn2High), x));
  Vec p = broadcast(0x1.9e77e2p-13F);
  p = fma(p, r, broadcast(0x1.6d3a5ep-10F));
  p = fma(p, r, broadcast(0x1.1112d6p-7F));
  p = fma(p, r, broadcast(0x1.5554f8p-5F));
  p = fma(p, r, broadcast(0x1.555554p-3F));
  p = fma(p, r, broadcast(0.5F));
  return fma(mul(r, r), p, r);
}

// 0 from -103.98 down, infinity from 88.73 up. Error at most 0.97 ulp.
DIGITNET_INLINE Vec exp(Vec x) {
  // The constant first: min and max return their second operand for NaN.
  x = max(broadcast(-104.0F), min(broadcast(89.0F), x));
  Vec n;
  const Vec p = reduced_expm1(x, n);
  return scale_by_power(add(p, broadcast(1.0F)), n);
}

// exp(x) - 1 for x <= 0. Error at most 0.87 ulp.
DIGITNET_INLINE Vec expm1(Vec x) {
  x = max(broadcast(-104.0F), x);
  Vec n;
  const Vec p = reduced_expm1(x, n);
  const Vec power = scale_by_power(broadcast(1.0F), n);
  return fma(power, p, sub(power, broadcast(1.0F)));
}

// log(1 + f) - f for f in [1/sqrt 2 - 1, sqrt 2 - 1]. Degree 10, error 5.9e-9 relative to log(1 +
// f).
DIGITNET_INLINE Vec log1p_minus(Vec f) {
  Vec p = broadcast(-0x1.38c974p-4F);
  p = fma(p, f, broadcast(0x1.055eaep-3F));
  p = fma(p, f, broadcast(-0x1.0d8246p-3F));
  p = fma(p, f, broadcast(0x1.22d930p-3F));
  p = fma(p, f, broadcast(-0x1.54728ap-3F));
  p = fma(p, f, broadcast(0x1.99a01cp-3F));
  p = fma(p, f, broadcast(-0x1.000226p-2F));
  p = fma(p, f, broadcast(0x1.555554p-2F));
  p = fma(p, f, broadcast(-0.5F));
  return mul(mul(f, f), p);
}

// The natural logarithm of a positive, normal x. Error at most 0.87 ulp.
DIGITNET_INLINE Vec log(Vec x) {
  // x = 2^e m with m in [1/sqrt 2, sqrt 2): take the exponent relative to 1/sqrt 2.
  const Int root_half = broadcast_int(0x3F3504F3U);
  const Int offset = sub(bits_of(x), root_half);
  const Vec e = to_float(shift_right_signed<23>(offset));
  const Int mantissa = bit_and(offset, broadcast_int(0x007FFFFFU));
  const Vec f = sub(float_from_bits(add(mantissa, root_half)), broadcast(1.0F));
  const Vec small = fma(e, broadcast(kLn2Low), log1p_minus(f));
  const Vec result = fma(e, broadcast(kLn2High), add(f, small));
  return select(less(x, broadcast(INFINITY)), result, x);
}

// log(1 + x) for x in [0, 1]. Error at most 1.48 ulp.
DIGITNET_INLINE Vec log1p(Vec x) {
  // Above sqrt 2 - 1: log 2 + log((1 + x) / 2).
  const Vec one = broadcast(1.0F);
  const Mask upper = less(broadcast(0x1.a8279ap-2F), x);
  const Vec f = select(upper, mul(sub(x, one), broadcast(0.5F)), x);
  return add(keep(upper, broadcast(kLn2High)), add(f, log1p_minus(f)));
}

// -m / (m + 2) with m = exp(-2 |x|) - 1, and the sign of x. Error at most 2.5 ulp.
DIGITNET_INLINE Vec tanh(Vec x) {
  const Vec t = expm1(mul(abs(x), broadcast(-2.0F)));
  return bit_or(abs(div(t, add(t, broadcast(2.0F)))), sign_bit(x));
}

// 1 - exp(-g(t)) with t = |x|, g(t) = -log(1 - erf t): g(t) / t is smooth, and expm1 keeps the
// relative precision near 0. g / t has degree 8 on [0, 4], its error costs erf 4.1e-9; erf rounds
// to 1 from 3.92 on. Error at most 1.52 ulp.
DIGITNET_INLINE Vec erf(Vec x) {
  const Vec t = min(broadcast(4.0F), abs(x));
  Vec p = broadcast(-0x1.36daecp-17F);
  p = fma(p, t, broadcast(0x1.edba5p-14F));
  p = fma(p, t, broadcast(-0x1.4bed7ep-11F));
  p = fma(p, t, broadcast(0x1.b52192p-10F));
  p = fma(p, t, broadcast(-0x1.516f9ep-13F));
  p = fma(p, t, broadcast(-0x1.39cc9cp-6F));
  p = fma(p, t, broadcast(0x1.a4fa4ap-4F));
  p = fma(p, t, broadcast(0x1.45f2fap-1F));
  p = fma(p, t, broadcast(-0x1.d0e264p-25F));
  const Vec g = fma(t, broadcast(0x1.20dd76p+0F), mul(t, p));  // 2 / sqrt pi, and its rest in p
  return bit_or(abs(expm1(negate(g))), sign_bit(x));
}

// 1 / (1 + exp(-z)) from e = exp(-|z|): never overflows, and small values keep their precision.
// Error of sigmoid at most 2.7 ulp.
DIGITNET_INLINE Vec sigmoid_from(Vec z, Vec e) {
  const Vec upper = div(broadcast(1.0F), add(broadcast(1.0F), e));
  return select(less(z, zero()), mul(e, upper), upper);
}
DIGITNET_INLINE Vec sigmoid(Vec z) { return sigmoid_from(z, exp(negate(abs(z)))); }

}  // namespace
}  // namespace digitnet::cpu
