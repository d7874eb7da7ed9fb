#pragma once
// Errors are one sentence: which argument, what was expected, what arrived. The bindings turn
// std::invalid_argument into ValueError, DeviceError into RuntimeError, std::bad_alloc into
// MemoryError.

#include <sstream>
#include <stdexcept>
#include <string>

namespace digitnet {

// A device, driver or instruction set that cannot do what was asked.
class DeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class... Parts>
std::string sentence(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// Throws std::invalid_argument with the parts as its sentence unless ok.
template <class... Parts>
void check(bool ok, const Parts&... parts) {
  if (!ok) throw std::invalid_argument(sentence(parts...));
}

}  // namespace digitnet
