#pragma once
// Initial values of parameters, as Keras 3 defines them.

#include <array>
#include <cstdint>
#include <string_view>

namespace digitnet {

enum class Initializer {
  kGlorotUniform,    // uniform in +-sqrt(6 / (fan_in + fan_out)): Glorot and Bengio, AISTATS 2010
  kGlorotNormal,     // truncated normal, variance 2 / (fan_in + fan_out)
  kHeUniform,        // uniform in +-sqrt(6 / fan_in): He et al., ICCV 2015
  kHeNormal,         // truncated normal, variance 2 / fan_in
  kLecunUniform,     // uniform in +-sqrt(3 / fan_in): LeCun et al., "Efficient BackProp", 1998
  kLecunNormal,      // truncated normal, variance 1 / fan_in
  kRandomNormal,     // normal, mean a, standard deviation b
  kTruncatedNormal,  // the same, drawn again outside mean +- 2 b
  kRandomUniform,    // uniform in [a, b)
  kZeros,
  kOnes,
  kConstant,  // a
};

inline constexpr std::array<std::string_view, 12> kInitializerNames = {
    "glorot_uniform", "glorot_normal", "he_uniform",    "he_normal",
    "lecun_uniform",  "lecun_normal",  "random_normal", "truncated_normal",
    "random_uniform", "zeros",         "ones",          "constant"};

struct InitializerSettings {
  Initializer kind = Initializer::kGlorotUniform;
  std::int64_t fan_in = 1, fan_out = 1;
  double a = 0, b = 1;
  std::uint64_t seed = 0;
};

// Fills values[0 .. count). The same settings give the same values.
void initialize(const InitializerSettings& settings, std::int64_t count, float* values);

}  // namespace digitnet
