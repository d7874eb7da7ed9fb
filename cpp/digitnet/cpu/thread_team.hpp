#pragma once
// A fixed team of threads that meet at barriers. Waiting spins for a fraction of a millisecond,
// then sleeps: a training step is short, an idle team must cost nothing.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace digitnet::cpu {

class Barrier {
 public:
  explicit Barrier(int size) : size_(size) {}
  void arrive_and_wait();
  void arrive_without_waiting();
  void let_go();  // for good; while there is one thread only

 private:
  int size_;
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<std::uint32_t> phase_{0};
  std::mutex mutex_;
  std::condition_variable wake_;

  bool arrive(std::uint32_t phase);  // true for the last to arrive, who lets all go
};

class ThreadTeam {
 public:
  // size - 1 threads start; the caller of run is member 0. Throws DeviceError if they cannot.
  explicit ThreadTeam(int size);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int size() const { return size_; }

  // Calls job(member) on every member and returns when all are done. The job must not throw.
  template <class Job>
  void run(Job& job) {
    start([](void* data, int member) { (*static_cast<Job*>(data))(member); }, &job);
  }
  // For use inside a job: every member must call it equally often.
  void barrier() { meet_.arrive_and_wait(); }
  // In the child of a fork, which has one thread: should it be in the middle of a job, it waits for
  // nobody any more. The others' work stays undone; the job must see to that (trainer.cpp).
  void abandon();

 private:
  using Function = void (*)(void* data, int member);
  void start(Function function, void* data);
  void work(int member);
  void close();

  const int size_;
  Barrier begin_, meet_, end_;
  Function function_ = nullptr;  // null: the team is closing
  void* data_ = nullptr;
  std::vector<std::thread> threads_;
};

// The process-wide team, held while the lease lives. Where another thread holds it, or `wanted` is
// 1, the lease is a team of one: the caller alone. After a fork the child starts a team of its own.
class TeamLease {
 public:
  explicit TeamLease(int wanted);
  ~TeamLease();
  TeamLease(const TeamLease&) = delete;
  TeamLease& operator=(const TeamLease&) = delete;

  ThreadTeam& operator*() { return *team_; }
  ThreadTeam* operator->() { return team_; }

 private:
  ThreadTeam* team_;
};

// Size of the process-wide team: set_num_threads, else DIGITNET_NUM_THREADS, else the processors
// that affinity and the cgroup's CPU quota leave to this process, or OMP_NUM_THREADS if that is
// less.
int num_threads();
void set_num_threads(int count);  // 1 .. 1024, else std::invalid_argument

}  // namespace digitnet::cpu
