#include "digitnet/initializer.hpp"

#include <algorithm>
#include <cmath>

#include "digitnet/error.hpp"
#include "digitnet/random.hpp"

namespace digitnet {
namespace {

// A standard normal cut at +-2 has this standard deviation; dividing by it restores the variance
// asked for (the fan-scaled initialisers of Keras do so, truncated_normal itself does not).
constexpr double kTruncatedDeviation = 0.87962566103423978;

double truncated_normal(Random& random) {
  while (true) {
    const double value = random.normal();
    if (std::abs(value) <= 2.0) return value;
  }
}

template <class Draw>
void fill(std::int64_t count, float* values, Draw draw) {
  for (std::int64_t i = 0; i < count; ++i) values[i] = static_cast<float>(draw());
}

void fill_uniform(Random& random, double low, double high, std::int64_t count, float* values) {
  fill(count, values, [&] { return low + (high - low) * random.uniform(); });
}

void fill_fan_normal(Random& random, double variance, std::int64_t count, float* values) {
  const double deviation = std::sqrt(variance) / kTruncatedDeviation;
  fill(count, values, [&] { return deviation * truncated_normal(random); });
}

}  // namespace

void initialize(const InitializerSettings& s, std::int64_t count, float* values) {
  check(s.fan_in > 0 && s.fan_out > 0, "fan_in and fan_out must be positive, got ", s.fan_in,
        " and ", s.fan_out);
  Random random(s.seed, Stream::kInitializer);
  const auto in = static_cast<double>(s.fan_in), out = static_cast<double>(s.fan_out);
  const auto fan_uniform = [&](double variance) {
    const double limit = std::sqrt(3.0 * variance);
    fill_uniform(random, -limit, limit, count, values);
  };
  switch (s.kind) {
    case Initializer::kGlorotUniform: return fan_uniform(2.0 / (in + out));
    case Initializer::kHeUniform: return fan_uniform(2.0 / in);
    case Initializer::kLecunUniform: return fan_uniform(1.0 / in);
    case Initializer::kGlorotNormal:
      return fill_fan_normal(random, 2.0 / (in + out), count, values);
    case Initializer::kHeNormal: return fill_fan_normal(random, 2.0 / in, count, values);
    case Initializer::kLecunNormal: return fill_fan_normal(random, 1.0 / in, count, values);
    case Initializer::kRandomNormal:
      return fill(count, values, [&] { return s.a + s.b * random.normal(); });
    case Initializer::kTruncatedNormal:
      return fill(count, values, [&] { return s.a + s.b * truncated_normal(random); });
    case Initializer::kRandomUniform: return fill_uniform(random, s.a, s.b, count, values);
    case Initializer::kZeros: std::fill_n(values, count, 0.0F); return;
    case Initializer::kOnes: std::fill_n(values, count, 1.0F); return;
    case Initializer::kConstant: std::fill_n(values, count, static_cast<float>(s.a)); return;
  }
}

}  // namespace digitnet
