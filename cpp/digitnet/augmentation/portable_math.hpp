#pragma once
// Sine, cosine and exponential of sums and products alone: those of the C library differ in their
// last bits from one system, and one processor, to the next. To be compiled without contraction.

#include <cmath>

namespace digitnet::augmentation {

struct Turn {
  double cosine, sine;
};

// Of an angle in degrees; multiples of 90 are exact.
inline Turn turn_of(double degrees) {
  const double within = std::fmod(degrees, 360.0);  // exact
  const double quarters = std::nearbyint(within / 90.0);
  const double x = (within - 90.0 * quarters) * (3.14159265358979323846 / 180.0);  // +-pi / 4
  double cosine = 1, sine = 1;  // Taylor, innermost term first
  for (int n = 16; n > 0; n -= 2) {
    cosine = 1 - x * x / (n * (n - 1)) * cosine;
    sine = 1 - x * x / (n * (n + 1)) * sine;
  }
  sine *= x;
  switch ((static_cast<int>(quarters) + 4) % 4) {
    case 1: return {-sine, cosine};
    case 2: return {-cosine, -sine};
    case 3: return {sine, -cosine};
    default: return {cosine, sine};
  }
}

// exp(-x), 0 <= x <= 20: by Taylor's series for x / 32, squared five times.
inline double exp_of_minus(double x) {
  double power = 1;
  for (int n = 14; n > 0; --n) power = 1 - x / 32 / n * power;
  for (int i = 0; i < 5; ++i) power *= power;
  return power;
}

}  // namespace digitnet::augmentation
