#include "digitnet/cpu/generic_field.hpp"

#include <algorithm>

#include "digitnet/random.hpp"

namespace digitnet::cpu {

void generic_noise(const Noise& args) {
  const auto signed_unit = [](std::uint32_t half) {
    return static_cast<float>(2 * static_cast<std::int32_t>(half) - 65535) / 65536.0F;
  };
  PhiloxBlock block{};
  for (int64_t i = 0; i < args.count; ++i) {
    if (i % 4 == 0)
      block = philox(args.seed, {args.counter[0] + static_cast<std::uint32_t>(i / 4),
                                 args.counter[1], args.counter[2], args.counter[3]});
    const std::uint32_t word = block[static_cast<std::size_t>(i % 4)];
    args.low[i] = signed_unit(word & 0xFFFFU);
    args.high[i] = signed_unit(word >> 16);
  }
}

void generic_filter(const Filter& args) {
  std::fill_n(args.out, args.cols, 0.0F);
  for (int64_t k = 0; k < args.taps; ++k) {
    const float* in = args.in + k * args.step;
    for (int64_t j = 0; j < args.cols; ++j) args.out[j] += args.weights[k] * in[j];
  }
}

}  // namespace digitnet::cpu
