#pragma once
// Who may enter a model: one writer, or any number of readers; and a thread that is inside already,
// in a progress callback or a signal handler of Python's, may read but not write.
//
// A fork takes the calling thread along and no other. In the child the locks that other threads
// held are free; a model that one of them was changing is half changed there, and nobody may enter
// it any more.

#include <memory>
#include <shared_mutex>

namespace digitnet {

class ModelLock {
 public:
  ModelLock();
  ~ModelLock();
  ModelLock(const ModelLock&) = delete;
  ModelLock& operator=(const ModelLock&) = delete;

  // Held while they live. Both throw std::runtime_error where a fork left the model half changed;
  // Writing also where this thread is inside already: it would wait for itself.
  class Reading {
   public:
    explicit Reading(ModelLock& lock);
    ~Reading();
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    ModelLock* lock_;  // null: inside already
  };
  class Writing {
   public:
    explicit Writing(ModelLock& lock);
    ~Writing();
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

   private:
    ModelLock& lock_;
  };

 private:
  std::unique_ptr<std::shared_mutex> mutex_ = std::make_unique<std::shared_mutex>();
  bool writing_ = false;  // a writer is inside; guarded by the mutex
  bool torn_ = false;     // set while a forked child has one thread only

  void check_whole() const;
  void recover_after_fork();
  friend struct ForkHandlers;
};

// How many forks lie between this process and the one that loaded digitnet.
unsigned forks();

}  // namespace digitnet
