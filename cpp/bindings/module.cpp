#include <pybind11/pybind11.h>

#include "register.hpp"

// The GIL guards nothing here: a model is behind its ModelLock, the team of threads behind a mutex,
// and all else is made once and then only read.
PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
  m.doc() = "The compiled core of digitnet.";
  digitnet::bindings::register_config(m);
  digitnet::bindings::register_initializer(m);
  digitnet::bindings::register_data(m);
  digitnet::bindings::register_augmentation(m);
  digitnet::bindings::register_settings(m);
  digitnet::bindings::register_kernels(m);
  digitnet::bindings::register_model(m);
}
