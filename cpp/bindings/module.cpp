#include <pybind11/pybind11.h>

#include "register.hpp"

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled core of digitnet.";
  digitnet::bindings::register_config(m);
  digitnet::bindings::register_initializer(m);
  digitnet::bindings::register_data(m);
  digitnet::bindings::register_augmentation(m);
  digitnet::bindings::register_settings(m);
  digitnet::bindings::register_kernels(m);
  digitnet::bindings::register_model(m);
}
