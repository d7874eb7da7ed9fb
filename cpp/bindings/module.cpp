#include <pybind11/pybind11.h>

#include "digitnet/error.hpp"
#include "register.hpp"

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled core of digitnet.";
  pybind11::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const digitnet::DeviceError& error) {
      pybind11::set_error(PyExc_RuntimeError, error.what());
    }
  });
  digitnet::bindings::register_config(m);
  digitnet::bindings::register_initializer(m);
  digitnet::bindings::register_data(m);
  digitnet::bindings::register_settings(m);
  digitnet::bindings::register_kernels(m);
  digitnet::bindings::register_model(m);
}
