#pragma once
// Who may enter a model: one writer, or any number of readers; and a thread that is inside already,
// in a progress callback or a signal handler of Python's, may read but not write.

#include <shared_mutex>

namespace digitnet {

class ModelLock {
 public:
  // Held while they live. Writing throws std::runtime_error where this thread is inside already: it
  // would wait for itself.
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
  std::shared_mutex mutex_;
};

}  // namespace digitnet
