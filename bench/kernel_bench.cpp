// Kernel micro-benchmarks: GFLOP/s and GB/s of every instruction set's kernels on one thread. A
// kernel is timed after its result was compared with the generic kernel's; a disagreement ends the
// program with status 1.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "digitnet/cpu/dispatch.hpp"
#include "kernel_cases.hpp"

namespace {

using namespace digitnet;
using bench::Case;
using cpu::KernelTable;

std::vector<float> result(const Case& c, const KernelTable& table) {
  c.restore();
  c.run(table);
  std::vector<float> values;
  for (const auto* buffer : c.output)
    values.insert(values.end(), buffer->data(), buffer->data() + buffer->size());
  return values;
}

bool agrees(const Case& c, const KernelTable& table, const std::vector<float>& expected) {
  const std::vector<float> values = result(c, table);
  double worst = 0;
  bool equal = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(values[i]) - expected[i]);
    worst = std::max(worst, difference);
    equal = equal && difference <= c.tolerance;  // false for NaN too
  }
  if (!equal)
    std::fprintf(stderr, "%s: %s differs from generic by %g, more than %g\n", table.name,
                 c.name.c_str(), worst, c.tolerance);
  return equal;
}

// Median seconds of a call, from samples long enough for the clock. In-place kernels go on from
// their own results: that changes the numbers, not the work.
double seconds(const Case& c, const KernelTable& table) {
  using Clock = std::chrono::steady_clock;
  const auto time = [&](int calls) {
    const auto start = Clock::now();
    for (int i = 0; i < calls; ++i) c.run(table);
    return std::chrono::duration<double>(Clock::now() - start).count() / calls;
  };
  const int calls = std::max(1, static_cast<int>(2e-3 / std::max(time(1), 1e-9)));
  std::vector<double> times;
  for (int i = 0; i < 15; ++i) times.push_back(time(calls));
  std::nth_element(times.begin(), times.begin() + 7, times.end());
  return times[7];
}

}  // namespace

int main() {
  std::printf("%-34s %-8s %10s %9s %9s\n", "kernel", "isa", "us", "GFLOP/s", "GB/s");
  bool right = true;
  for (const Case& c : bench::kernel_cases()) {
    const std::vector<float> expected = result(c, cpu::kernels_for("generic"));
    for (const std::string& isa : cpu::supported_isas()) {
      const KernelTable& table = cpu::kernels_for(isa);
      if (!agrees(c, table, expected)) {
        right = false;
        continue;
      }
      c.restore();
      const double time = seconds(c, table);
      std::printf("%-34s %-8s %10.1f %9.1f %9.1f\n", c.name.c_str(), isa.c_str(), 1e6 * time,
                  c.flop / time / 1e9, c.bytes / time / 1e9);
    }
  }
  return right ? 0 : 1;
}
