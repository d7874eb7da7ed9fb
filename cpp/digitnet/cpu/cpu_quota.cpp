#include "digitnet/cpu/cpu_quota.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

namespace digitnet::cpu {
namespace {

int affinity() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  return static_cast<int>(std::thread::hardware_concurrency());
}

// cgroup v2 writes "<quota> <period>" or "max <period>"; v1 has a file for each. Inside a container
// the process's own group is mounted at the root. No limit: 0.
double quota() {
  double limit = 0, period = 0;
  std::ifstream v2("/sys/fs/cgroup/cpu.max");
  if (v2 >> limit >> period && period > 0) return limit / period;
  std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::ifstream v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (v1_quota >> limit && v1_period >> period && limit > 0 && period > 0) return limit / period;
  return 0;
}

}  // namespace

int available_processors() {
  int count = affinity();
  const double limit = quota();
  if (limit > 0) count = std::min(count, static_cast<int>(std::ceil(limit)));
  return std::max(count, 1);
}

}  // namespace digitnet::cpu
