#include "digitnet/cpu/thread_team.hpp"

#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <system_error>

#include "digitnet/cpu/cpu_quota.hpp"
#include "digitnet/error.hpp"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif
#ifndef _WIN32
#include <pthread.h>
#endif

namespace digitnet::cpu {
namespace {

constexpr int kSpins =
    20000;  // 0.1 to 0.5 ms: to be woken takes 0.05 ms, and phases end less evenly
constexpr int kMaxThreads = 1024;

inline void pause_briefly() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#endif
}

// What OpenMP's variable leaves of the processors. joblib's worker processes, Dask and batch
// systems tell through it how many threads a process may use. It is not ours: one that is no number
// is ignored.
int shared_processors() {
  const int all = available_processors();
  const char* text = std::getenv("OMP_NUM_THREADS");
  const long share = text != nullptr ? std::strtol(text, nullptr, 10) : 0;  // "4,2": outer, inner
  return share >= 1 && share < all ? static_cast<int>(share) : all;
}

int initial_threads() {
  const char* text = std::getenv("DIGITNET_NUM_THREADS");
  if (text == nullptr || *text == '\0') return shared_processors();
  char* end = nullptr;
  const long count = std::strtol(text, &end, 10);
  check(*end == '\0' && count >= 1 && count <= kMaxThreads,
        "DIGITNET_NUM_THREADS must be a number from 1 to ", kMaxThreads, ", got '", text, "'");
  return static_cast<int>(count);
}

// The process-wide team and who has it.
struct Office {
  std::mutex mutex;
  int size = 0;  // 0: not asked for yet
  bool busy = false;
  std::unique_ptr<ThreadTeam> team;
  ThreadTeam team_of_one{1};
};

Office& office();

// A fork takes the calling thread along and no other: the child must find the office unlocked, and
// its parent's team, whose threads it has not got, forgotten (it is left where it is: it cannot be
// joined, and the child may be in a callback from the middle of its job).
void before_fork() { office().mutex.lock(); }
void after_fork_in_parent() { office().mutex.unlock(); }
void after_fork_in_child() {
  Office& o = office();
  if (o.team != nullptr) o.team.release()->abandon();
  o.busy = false;
  o.mutex.unlock();
}

Office* open_office() {
#ifndef _WIN32
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
#endif
  return new Office;
}

Office& office() {
  // Never destroyed: a team must not be joined while the process exits around it.
  static Office* const instance = open_office();
  return *instance;
}

int size_in(Office& o) {
  if (o.size == 0) o.size = initial_threads();
  return o.size;
}

}  // namespace

bool Barrier::arrive(std::uint32_t phase) {
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 < size_) return false;
  arrived_.store(0, std::memory_order_relaxed);
  {
    // Under the lock, or a waiter could miss the call between its last look and its sleep.
    const std::lock_guard<std::mutex> lock(mutex_);
    phase_.store(phase + 1, std::memory_order_release);
  }
  wake_.notify_all();
  return true;
}

void Barrier::arrive_without_waiting() { arrive(phase_.load(std::memory_order_acquire)); }

void Barrier::let_go() { size_ = 1; }

void Barrier::arrive_and_wait() {
  if (size_ == 1) return;
  const std::uint32_t phase = phase_.load(std::memory_order_acquire);
  if (arrive(phase)) return;
  for (int i = 0; i < kSpins; ++i) {
    if (phase_.load(std::memory_order_acquire) != phase) return;
    pause_briefly();
  }
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait(lock, [&] { return phase_.load(std::memory_order_acquire) != phase; });
}

ThreadTeam::ThreadTeam(int size) : size_(size), begin_(size), meet_(size), end_(size) {
  threads_.reserve(static_cast<std::size_t>(size));
  try {
    for (int member = 1; member < size; ++member)
      threads_.emplace_back([this, member] { work(member); });
  } catch (const std::bad_alloc&) {
    close();
    throw;
  } catch (const std::exception& error) {
    close();
    throw DeviceError(sentence("num_threads is ", size, ", but the system refused to start thread ",
                               threads_.size() + 1, ": ", error.what()));
  }
}

ThreadTeam::~ThreadTeam() { close(); }

// Lets the threads that did start see that there is no function, whoever is missing.
void ThreadTeam::close() {
  function_ = nullptr;
  const int missing = size_ - static_cast<int>(threads_.size());  // the caller among them
  if (size_ > 1)
    for (int i = 0; i < missing; ++i) begin_.arrive_without_waiting();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::abandon() {
  begin_.let_go();
  meet_.let_go();
  end_.let_go();
}

void ThreadTeam::start(Function function, void* data) {
  if (size_ == 1)
    return function(data, 0);  // touches nothing: many callers may share a team of one
  function_ = function;
  data_ = data;
  begin_.arrive_and_wait();
  function(data, 0);
  end_.arrive_and_wait();
}

void ThreadTeam::work(int member) {
  while (true) {
    begin_.arrive_and_wait();
    if (function_ == nullptr) return;
    function_(data_, member);
    end_.arrive_and_wait();
  }
}

TeamLease::TeamLease(int wanted) : team_(&office().team_of_one) {
  if (wanted <= 1) return;
  Office& o = office();
  const std::lock_guard<std::mutex> lock(o.mutex);
  if (o.busy || size_in(o) == 1) return;
  if (o.team == nullptr || o.team->size() != o.size) {
    o.team = nullptr;  // the old threads end before the new ones start
    o.team = std::make_unique<ThreadTeam>(o.size);
  }
  team_ = o.team.get();
  o.busy = true;
}

TeamLease::~TeamLease() {
  Office& o = office();
  if (team_ == &o.team_of_one) return;
  const std::lock_guard<std::mutex> lock(o.mutex);
  if (team_ == o.team.get()) o.busy = false;  // else a fork has come between: it is nobody's
}

int num_threads() {
  Office& o = office();
  const std::lock_guard<std::mutex> lock(o.mutex);
  return size_in(o);
}

void set_num_threads(int count) {
  check(count >= 1 && count <= kMaxThreads, "num_threads must be between 1 and ", kMaxThreads,
        ", got ", count);
  Office& o = office();
  const std::lock_guard<std::mutex> lock(o.mutex);
  o.size = count;
}

}  // namespace digitnet::cpu
