#pragma once

#include "digitnet/cpu/kernel_table.hpp"

namespace digitnet::cpu {

// The optimizers' part of the generic kernels.
void generic_sgd(const Sgd& sgd, float l2, int64_t count, float* w, const float* g,
                 float* velocity);
void generic_adam(const AdamStep& step, float l2, int64_t count, float* w, const float* g, float* m,
                  float* v);
void generic_clip(const Clip& clip, int64_t count, const float* w, float* g);
void generic_max_norm(int64_t rows, float limit, float* w);

}  // namespace digitnet::cpu
