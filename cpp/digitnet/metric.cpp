#include "digitnet/metric.hpp"

#include <cmath>

namespace digitnet {
namespace {

std::int64_t argmax(const float* values, std::int64_t count) {
  std::int64_t best = 0;
  for (std::int64_t c = 1; c < count; ++c)
    if (values[c] > values[best]) best = c;
  return best;
}

template <class Term>
double mean(std::int64_t cols, Term term) {
  double sum = 0;
  for (std::int64_t c = 0; c < cols; ++c) sum += term(c);
  return sum / static_cast<double>(cols);
}

}  // namespace

double metric_of_row(Metric metric, std::int64_t cols, const float* output, std::int32_t label,
                     const float* target) {
  const auto error = [&](std::int64_t c) {
    return static_cast<double>(output[c]) - static_cast<double>(target[c]);
  };
  switch (metric) {
    case Metric::kSparseCategoricalAccuracy: return argmax(output, cols) == label ? 1.0 : 0.0;
    case Metric::kCategoricalAccuracy:
      return argmax(output, cols) == argmax(target, cols) ? 1.0 : 0.0;
    case Metric::kBinaryAccuracy:
      return mean(cols, [&](std::int64_t c) {
        return (output[c] > 0.5F) == (target[c] == 1.0F) &&
               (target[c] == 0.0F || target[c] == 1.0F);
      });
    case Metric::kMeanSquaredError:
      return mean(cols, [&](std::int64_t c) { return error(c) * error(c); });
    case Metric::kMeanAbsoluteError:
      return mean(cols, [&](std::int64_t c) { return std::abs(error(c)); });
  }
  return 0;
}

}  // namespace digitnet
