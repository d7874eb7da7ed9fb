#include "digitnet/model_lock.hpp"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <unordered_set>
#include <vector>

#ifndef _WIN32
#include <pthread.h>
#endif

namespace digitnet {
namespace {

// The locks that this thread holds. Rarely more than one: a callback may use another model.
thread_local std::vector<const ModelLock*> held;

bool is_held(const ModelLock& lock) {
  return std::find(held.begin(), held.end(), &lock) != held.end();
}

void forget(const ModelLock& lock) { held.erase(std::find(held.begin(), held.end(), &lock)); }

// All locks of the process, for the child of a fork.
struct Registry {
  std::mutex mutex;
  std::unordered_set<ModelLock*> locks;
  unsigned forks = 0;  // written while there is one thread only
};

Registry& registry();

}  // namespace

struct ForkHandlers {
  static void before() { registry().mutex.lock(); }
  static void in_parent() { registry().mutex.unlock(); }
  static void in_child() {
    Registry& r = registry();
    ++r.forks;
    for (ModelLock* lock : r.locks) lock->recover_after_fork();
    r.mutex.unlock();
  }
};

namespace {

Registry* open_registry() {
#ifndef _WIN32
  pthread_atfork(ForkHandlers::before, ForkHandlers::in_parent, ForkHandlers::in_child);
#endif
  return new Registry;
}

Registry& registry() {
  static Registry* const instance = open_registry();  // never destroyed: models may outlive it
  return *instance;
}

}  // namespace

unsigned forks() { return registry().forks; }

ModelLock::ModelLock() {
  Registry& r = registry();
  const std::lock_guard<std::mutex> lock(r.mutex);
  r.locks.insert(this);
}

ModelLock::~ModelLock() {
  Registry& r = registry();
  const std::lock_guard<std::mutex> lock(r.mutex);
  r.locks.erase(this);
}

void ModelLock::recover_after_fork() {
  // The old mutex is left where it is: it cannot be unlocked for threads that are not here.
  (void)mutex_.release();
  mutex_ = std::make_unique<std::shared_mutex>();
  if (!is_held(*this)) {
    torn_ = torn_ || writing_;
    writing_ = false;
  } else if (writing_) {
    mutex_->lock();
  } else {
    mutex_->lock_shared();
  }
}

void ModelLock::check_whole() const {
  if (torn_)
    throw std::runtime_error(
        "another thread was changing the model when this process was forked, so that its copy here "
        "is half changed: build or load a new one, or fork while nobody changes it");
}

ModelLock::Reading::Reading(ModelLock& lock) : lock_(is_held(lock) ? nullptr : &lock) {
  if (lock_ == nullptr) return;
  lock.check_whole();
  held.push_back(lock_);
  lock_->mutex_->lock_shared();
}

ModelLock::Reading::~Reading() {
  if (lock_ == nullptr) return;
  lock_->mutex_->unlock_shared();
  forget(*lock_);
}

ModelLock::Writing::Writing(ModelLock& lock) : lock_(lock) {
  if (is_held(lock))
    throw std::runtime_error(
        "the model is at work in this very thread; change it after that call has returned");
  lock.check_whole();
  held.push_back(&lock_);
  lock_.mutex_->lock();
  lock_.writing_ = true;
}

ModelLock::Writing::~Writing() {
  lock_.writing_ = false;
  lock_.mutex_->unlock();
  forget(lock_);
}

}  // namespace digitnet
