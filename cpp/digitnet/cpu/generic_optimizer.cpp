// Plain loops: the fallback and the specification.
#include "digitnet/cpu/generic_optimizer.hpp"

#include <algorithm>
#include <cmath>

namespace digitnet::cpu {

void generic_sgd(const Sgd& sgd, float l2, int64_t count, float* w, const float* g,
                 float* velocity) {
  const float rate = sgd.learning_rate;
  for (int64_t i = 0; i < count; ++i) {
    const float gradient = g[i] + l2 * w[i];
    w[i] -= w[i] * sgd.weight_decay * rate;
    if (!sgd.has_velocity()) {
      w[i] -= rate * gradient;
      continue;
    }
    velocity[i] = sgd.momentum * velocity[i] - rate * gradient;
    w[i] += sgd.nesterov ? sgd.momentum * velocity[i] - rate * gradient : velocity[i];
  }
}

void generic_adam(const AdamStep& step, float l2, int64_t count, float* w, const float* g, float* m,
                  float* v) {
  for (int64_t i = 0; i < count; ++i) {
    const float gradient = g[i] + l2 * w[i];
    m[i] += (gradient - m[i]) * step.gain_1;
    v[i] += (gradient * gradient - v[i]) * step.gain_2;
    w[i] -= w[i] * step.decay;
    w[i] -= m[i] * step.alpha / (std::sqrt(v[i]) + step.epsilon);
  }
}

void generic_clip(const Clip& clip, int64_t count, const float* w, float* g) {
  for (int64_t i = 0; i < count; ++i) {
    const float gradient = (g[i] + clip.l2 * w[i]) * clip.scale;
    g[i] = gradient < -clip.limit ? -clip.limit : gradient > clip.limit ? clip.limit : gradient;
  }
}

void generic_max_norm(int64_t rows, float limit, float* w) {
  constexpr int64_t kBlock = 32;
  for (int64_t c = 0; c < kPanel; ++c) {
    float squares = 0;
    for (int64_t begin = 0; begin < rows; begin += kBlock) {
      float sum = 0;
      for (int64_t r = begin; r < std::min(begin + kBlock, rows); ++r)
        sum += w[r * kPanel + c] * w[r * kPanel + c];
      squares += sum;
    }
    const float norm = std::sqrt(squares);
    const float factor = (norm > limit ? limit : norm) / (1e-7F + norm);
    for (int64_t r = 0; r < rows; ++r) w[r * kPanel + c] *= factor;
  }
}

}  // namespace digitnet::cpu
