#pragma once
// One function per concept; module.cpp calls them in this order.

#include <pybind11/pybind11.h>

namespace digitnet::bindings {

void register_config(pybind11::module_& m);
void register_initializer(pybind11::module_& m);
void register_data(pybind11::module_& m);
void register_augmentation(pybind11::module_& m);
void register_settings(pybind11::module_& m);
void register_kernels(pybind11::module_& m);
void register_model(pybind11::module_& m);

}  // namespace digitnet::bindings
