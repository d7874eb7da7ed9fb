#pragma once
// What long work without the GIL looks at now and then.

#include <pybind11/pybind11.h>

#include <chrono>
#include <thread>

namespace digitnet::bindings {

// A thread that Python no longer waits for must not ask for the GIL: it would be ended in the
// middle of a team's work.
inline void park_if_finalizing() {
#if PY_VERSION_HEX >= 0x030D0000
  const bool finalizing = Py_IsFinalizing() != 0;
#else
  const bool finalizing = _Py_IsFinalizing() != 0;
#endif
  while (finalizing) std::this_thread::sleep_for(std::chrono::hours(1));
}

// With the GIL held: throws what a signal's handler raised, KeyboardInterrupt after Ctrl-C.
inline void throw_if_interrupted() {
  if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
}

}  // namespace digitnet::bindings
