#include "digitnet/model_lock.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace digitnet {
namespace {

// The locks that this thread holds. Rarely more than one: a callback may use another model.
thread_local std::vector<const ModelLock*> held;

bool is_held(const ModelLock& lock) {
  return std::find(held.begin(), held.end(), &lock) != held.end();
}

void forget(const ModelLock& lock) { held.erase(std::find(held.begin(), held.end(), &lock)); }

}  // namespace

ModelLock::Reading::Reading(ModelLock& lock) : lock_(is_held(lock) ? nullptr : &lock) {
  if (lock_ == nullptr) return;
  held.push_back(lock_);
  lock_->mutex_.lock_shared();
}

ModelLock::Reading::~Reading() {
  if (lock_ == nullptr) return;
  lock_->mutex_.unlock_shared();
  forget(*lock_);
}

ModelLock::Writing::Writing(ModelLock& lock) : lock_(lock) {
  if (is_held(lock))
    throw std::runtime_error(
        "the model is at work in this very thread; change it after that call has returned");
  held.push_back(&lock_);
  lock_.mutex_.lock();
}

ModelLock::Writing::~Writing() {
  lock_.mutex_.unlock();
  forget(lock_);
}

}  // namespace digitnet
