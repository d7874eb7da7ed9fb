// This machine's limits: fused multiply-adds a second, and bytes a second to and from memory.
//
//   probe fma THREADS       registers only: 2 operations a lane and instruction
//   probe bandwidth THREADS a[i] = b[i] + s c[i] over arrays that no cache holds
//
// Prints one number: GFLOP/s or GB/s, the best of several tries: a limit is what was reached once.
// bench/probes.py compiles it for each instruction set.

#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

namespace {

#if defined(__AVX512F__)
using Vector = __m512;
Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
Vector set(float x) { return _mm512_set1_ps(x); }
#elif defined(__AVX2__)
using Vector = __m256;
Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
Vector set(float x) { return _mm256_set1_ps(x); }
#else  // the baseline has no fused instruction: a multiplication and an addition
using Vector = __m128;
Vector fma(Vector a, Vector b, Vector c) { return _mm_add_ps(_mm_mul_ps(a, b), c); }
Vector set(float x) { return _mm_set1_ps(x); }
#endif

constexpr int kLanes = sizeof(Vector) / sizeof(float);
// Enough independent chains to fill the longest pipeline (latency 5, two a cycle), and few enough
// for the 16 registers of the baseline.
constexpr int kChains = 12;
constexpr std::int64_t kRounds = 20'000'000;
constexpr std::int64_t kFloats = 32 << 20;  // 128 MiB an array
constexpr int kTries = 5;

using Clock = std::chrono::steady_clock;

// Runs work(thread) on all threads, which start together; seconds until the last is done.
double run(int threads, const std::function<void(int)>& work) {
  std::atomic<int> waiting{threads};
  std::vector<std::thread> others;
  Clock::time_point start;
  const auto body = [&](int thread) {
    waiting--;
    while (waiting.load() > 0) std::this_thread::yield();
    if (thread == 0) start = Clock::now();
    work(thread);
  };
  for (int t = 1; t < threads; ++t) others.emplace_back(body, t);
  body(0);
  for (auto& other : others) other.join();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void multiply_and_add() {
  Vector sums[kChains];
#pragma GCC unroll 12
  for (int c = 0; c < kChains; ++c) sums[c] = set(0.1F * static_cast<float>(c));
  // Neither grows nor falls to denormal numbers; volatile, so that nothing is known beforehand.
  volatile float factor = 0.999F, term = 0.001F;
  const Vector a = set(factor), b = set(term);
  for (std::int64_t i = 0; i < kRounds; ++i) {
    // Unrolled early, so that the sums live in registers and not in an array.
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) sums[c] = fma(sums[c], a, b);
  }
  volatile float sink = 0;
#pragma GCC unroll 12
  for (int c = 0; c < kChains; ++c) {
    float lanes[kLanes];
    std::memcpy(lanes, &sums[c], sizeof lanes);
    sink = sink + lanes[0];
  }
}

double fma_gflops(int threads) {
  const double seconds = run(threads, [](int) { multiply_and_add(); });
  return 2.0 * kLanes * kChains * static_cast<double>(kRounds) * threads / seconds / 1e9;
}

double bandwidth(int threads, std::vector<float>& a, std::vector<float>& b, std::vector<float>& c) {
  const std::int64_t share = kFloats / threads;
  volatile float factor = 0.5F;
  const double seconds = run(threads, [&](int thread) {
    const float s = factor;
    float* __restrict to = a.data() + thread * share;
    const float* x = b.data() + thread * share;
    const float* y = c.data() + thread * share;
    for (std::int64_t i = 0; i < share; ++i) to[i] = x[i] + s * y[i];
  });
  return 3.0 * sizeof(float) * static_cast<double>(share * threads) / seconds / 1e9;
}

}  // namespace

int main(int count, char** arguments) {
  const int threads = count == 3 ? std::atoi(arguments[2]) : 0;
  if (threads < 1) {
    std::fprintf(stderr, "usage: probe fma|bandwidth THREADS\n");
    return 2;
  }
  const bool memory = std::strcmp(arguments[1], "bandwidth") == 0;
  const std::size_t size = memory ? kFloats : 0;
  std::vector<float> a(size, 1), b(size, 2), c(size, 3);
  double best = 0;
  for (int i = 0; i < kTries; ++i)
    best = std::max(best, memory ? bandwidth(threads, a, b, c) : fma_gflops(threads));
  std::printf("%.2f\n", best);
  return 0;
}
