#pragma once
// Constructors that may run out of memory. py::init leaves it to pybind11's dispatcher to note the
// new object in its books, which it does outside of its try block (pybind11 3.1): a failed
// allocation there would end the process. These note it themselves, and raise MemoryError.

#include <pybind11/pybind11.h>

#include <memory>
#include <utility>

namespace digitnet::bindings {

namespace py = pybind11;

// For class_::def("__init__", initializer(&make), kNewStyle, ...); make returns the object.
inline constexpr py::detail::is_new_style_constructor kNewStyle{};

template <class T>
void give(std::unique_ptr<T> made, py::detail::value_and_holder& self) {
  self.value_ptr() = made.get();
  try {
    self.type->init_instance(self.inst, nullptr);  // the instance owns it from here on
  } catch (...) {
    self.value_ptr() = nullptr;
    throw;
  }
  (void)made.release();
}

template <class T, class... Args>
auto initializer(std::unique_ptr<T> (*make)(Args...)) {
  return [make](py::detail::value_and_holder& self, Args... args) {
    give(make(std::forward<Args>(args)...), self);
  };
}

template <class T, class... Args>
auto initializer(T (*make)(Args...)) {
  return [make](py::detail::value_and_holder& self, Args... args) {
    give(std::make_unique<T>(make(std::forward<Args>(args)...)), self);
  };
}

}  // namespace digitnet::bindings
