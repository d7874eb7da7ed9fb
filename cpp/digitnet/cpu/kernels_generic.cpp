// Every kernel as plain loops: the fallback for processors without a table of their own, and the
// specification that the vectorised kernels are tested against. It shares no code with them.

#include <cmath>

#include "digitnet/cpu/generic_field.hpp"
#include "digitnet/cpu/generic_loss.hpp"
#include "digitnet/cpu/generic_optimizer.hpp"
#include "digitnet/cpu/kernel_table.hpp"
#include "digitnet/random.hpp"

namespace digitnet::cpu {
namespace {

void multiply(const Multiply& args) {
  for (int64_t r = 0; r < args.rows; ++r) {
    float* c = args.c + r * args.c_stride;
    float sum[kPanel];
    for (int64_t j = 0; j < args.cols; ++j) {
      sum[j] = args.bias != nullptr ? args.bias[j] : 0.0F;
    }
    for (int64_t k = 0; k < args.depth; ++k) {
      const float a = args.a[r * args.a_row + k * args.a_depth];
      const float* b = args.b + k * args.b_stride;
      for (int64_t j = 0; j < args.cols; ++j) sum[j] += a * b[j];
    }
    for (int64_t j = 0; j < args.cols; ++j) c[j] = sum[j];
  }
}

void sparse_multiply(const SparseMultiply& args) {
  for (int64_t p = 0; p < args.panels; ++p) {
    const float* bias = args.bias != nullptr ? args.bias + p * kPanel : nullptr;
    for (int64_t i = 0; i < args.rows; ++i) {
      const SparseRow& row = args.list[i];
      float* c = args.c + p * args.c_panel + row.row * args.c_stride;
      float sum[kPanel];
      for (int64_t j = 0; j < kPanel; ++j)
        sum[j] = args.adds ? c[j] : bias != nullptr ? bias[j] : 0.0F;
      for (std::int32_t e = 0; e < row.count; ++e) {
        // NOLINTNEXTLINE(bugprone-sizeof-expression): the offset is in bytes
        const float* b = args.b + p * args.b_panel + row.entries[e].offset / sizeof(float);
        for (int64_t j = 0; j < kPanel; ++j) sum[j] += row.entries[e].value * b[j];
      }
      for (int64_t j = 0; j < kPanel; ++j)
        c[j] = args.descends ? c[j] - args.rate * sum[j] : sum[j];
    }
  }
}

template <class Number>
int64_t compress(const Number* src, int64_t src_step, int64_t count, float scale,
                 std::uint32_t offset_step, SparseEntry* entries) {
  int64_t found = 0;
  for (int64_t i = 0; i < count; ++i) {
    const Number value = src[i * src_step];
    if (value == 0) continue;
    entries[found++] = {static_cast<std::uint32_t>(i) * offset_step,
                        static_cast<float>(value) * scale};
  }
  return found;
}

void transpose(const float* src, int64_t src_stride, int64_t rows, int64_t cols, float* dst,
               int64_t dst_stride) {
  for (int64_t c = 0; c < cols; ++c) {
    for (int64_t r = 0; r < kPanel; ++r) {
      dst[c * dst_stride + r] = r < rows ? src[r * src_stride + c] : 0.0F;
    }
  }
}

template <class Number>
void convert(const Number* src, int64_t src_step, int64_t count, float scale, float offset,
             float* dst) {
  for (int64_t i = 0; i < count; ++i) {
    const float scaled = static_cast<float>(src[i * src_step]) * scale;
    dst[i] = scaled + offset;
  }
}

// 1 / (1 + exp(-z)), without overflow
float sigmoid(float z) {
  const float e = std::exp(-std::abs(z));
  return (z < 0 ? e : 1) / (1 + e);
}

constexpr float kRootHalf = 0.70710678F;       // 1 / sqrt 2
constexpr float kNormalDensity = 0.39894228F;  // 1 / sqrt(2 pi)

float activated(Activation activation, float alpha, float z) {
  switch (activation) {
    case Activation::kRelu: return z < 0 ? 0 : z;
    case Activation::kLeakyRelu: return z > 0 ? z : alpha * z;
    case Activation::kElu: return z > 0 ? z : alpha * std::expm1(z);
    case Activation::kSigmoid: return sigmoid(z);
    case Activation::kTanh: return std::tanh(z);
    case Activation::kSoftplus: return (z > 0 ? z : 0) + std::log1p(std::exp(-std::abs(z)));
    case Activation::kSilu: return z * sigmoid(z);
    case Activation::kGelu: return 0.5F * z * (1 + std::erf(z * kRootHalf));
    case Activation::kLinear:
    case Activation::kSoftmax:  // not elementwise: see softmax_row
      break;
  }
  return z;
}

// da/dz from z where needs_preactivation(activation), else from a.
float derivative(Activation activation, float alpha, float z, float a) {
  switch (activation) {
    case Activation::kRelu: return a > 0 ? 1 : 0;
    case Activation::kLeakyRelu: return a > 0 ? 1 : alpha;
    case Activation::kElu: return a > 0 ? 1 : a + alpha;
    case Activation::kSigmoid: return a * (1 - a);
    case Activation::kTanh: return 1 - a * a;
    case Activation::kSoftplus: return -std::expm1(-a);
    case Activation::kSilu: return sigmoid(z) * (1 + z * (1 - sigmoid(z)));
    case Activation::kGelu:
      return 0.5F * (1 + std::erf(z * kRootHalf)) + z * std::exp(-0.5F * z * z) * kNormalDensity;
    case Activation::kLinear:
    case Activation::kSoftmax:  // not elementwise: see softmax_row_backward
      break;
  }
  return 1;
}

void softmax_row(int64_t cols, const float* z, float* a) {
  float maximum = -INFINITY, sum = 0;
  for (int64_t c = 0; c < cols; ++c) maximum = z[c] > maximum ? z[c] : maximum;
  for (int64_t c = 0; c < cols; ++c) {
    a[c] = std::exp(z[c] - maximum);
    sum += a[c];
  }
  for (int64_t c = 0; c < cols; ++c) a[c] /= sum;
}

// dz_i = a_i (da_i - sum_j da_j a_j)
void softmax_row_backward(int64_t cols, const float* a, float* d) {
  float sum = 0;
  for (int64_t c = 0; c < cols; ++c) sum += d[c] * a[c];
  for (int64_t c = 0; c < cols; ++c) d[c] = a[c] * (d[c] - sum);
}

void activate(Activation activation, float alpha, int64_t rows, int64_t cols, const float* z,
              float* a, int64_t stride) {
  for (int64_t r = 0; r < rows; ++r, z += stride, a += stride) {
    if (activation == Activation::kSoftmax) {
      softmax_row(cols, z, a);
    } else {
      for (int64_t c = 0; c < cols; ++c) a[c] = activated(activation, alpha, z[c]);
    }
  }
}

void activate_backward(Activation activation, float alpha, int64_t rows, int64_t cols,
                       const float* z, const float* a, int64_t stride, float* d, int64_t d_stride) {
  for (int64_t r = 0; r < rows; ++r, a += stride, d += d_stride) {
    if (activation == Activation::kSoftmax) {
      softmax_row_backward(cols, a, d);
      continue;
    }
    const float* z_row = needs_preactivation(activation) ? z + r * stride : a;
    for (int64_t c = 0; c < cols; ++c) d[c] *= derivative(activation, alpha, z_row[c], a[c]);
  }
}

// One element at a time, from the definition in kernel_table.hpp.
void dropout_mask(const DropoutMask& args) {
  const auto threshold = static_cast<std::uint32_t>(static_cast<double>(args.rate) * 4294967296.0);
  const auto iteration = static_cast<std::uint32_t>(args.iteration);
  const auto stream = args.layer << 8 | static_cast<std::uint32_t>(Stream::kDropout);
  const float kept = 1.0F / (1.0F - args.rate);
  for (int64_t r = 0; r < args.rows; ++r) {
    PhiloxBlock block{};
    for (int64_t c = 0; c < args.cols; ++c) {
      if (c % 4 == 0) {
        const auto row = args.first_row + static_cast<std::uint32_t>(r);
        block = philox(args.seed, {row, static_cast<std::uint32_t>(c / 4), iteration, stream});
      }
      const bool dropped = block[static_cast<std::size_t>(c % 4)] < threshold;
      args.mask[r * args.mask_stride + c] = dropped ? 0.0F : kept;
    }
  }
}

void product(int64_t rows, int64_t cols, const float* x, const float* y, float* out,
             int64_t stride) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < cols; ++c) out[r * stride + c] = x[r * stride + c] * y[r * stride + c];
  }
}

void sum_rows(int64_t rows, int64_t cols, const float* d, int64_t d_stride, float* sums) {
  for (int64_t c = 0; c < cols; ++c) {
    float sum = 0;
    for (int64_t r = 0; r < rows; ++r) sum += d[r * d_stride + c];
    sums[c] += sum;
  }
}

double sum_squares(int64_t count, const float* w) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(w[i]) * static_cast<double>(w[i]);
  return sum;
}

}  // namespace

const KernelTable kGenericKernels = {"generic",
                                     {1, 1},
                                     {1, 1},
                                     0.25,
                                     0.0,
                                     multiply,
                                     sparse_multiply,
                                     sparse_multiply,
                                     compress<std::uint8_t>,
                                     compress<float>,
                                     transpose,
                                     convert<std::uint8_t>,
                                     convert<float>,
                                     activate,
                                     activate_backward,
                                     generic_loss_rows,
                                     dropout_mask,
                                     generic_noise,
                                     generic_filter,
                                     product,
                                     sum_rows,
                                     generic_sgd,
                                     generic_adam,
                                     generic_clip,
                                     generic_max_norm,
                                     sum_squares};

}  // namespace digitnet::cpu
