#include <pybind11/stl.h>

#include "arrays.hpp"
#include "digitnet/engine.hpp"
#include "register.hpp"

namespace digitnet::bindings {
namespace {

Layer make_layer(const std::string& kind, std::int64_t units, const std::string& activation,
                 float alpha, bool use_bias, float kernel_l2, float rate, float scale,
                 float offset) {
  Layer layer;
  layer.kind = enum_of<LayerKind>(kLayerKindNames, kind, "layer kind");
  layer.units = units;
  layer.activation = enum_of<Activation>(kActivationNames, activation, "activation");
  layer.alpha = alpha;
  layer.use_bias = use_bias;
  layer.kernel_l2 = kernel_l2;
  layer.rate = rate;
  layer.scale = scale;
  layer.offset = offset;
  return layer;
}

Loss make_loss(const std::string& kind, bool from_logits, float label_smoothing, float delta) {
  return {enum_of<LossKind>(kLossNames, kind, "loss"), from_logits, label_smoothing, delta};
}

}  // namespace

void register_settings(py::module_& m) {
  m.attr("ACTIVATIONS") = names_of(kActivationNames);
  m.attr("LOSSES") = names_of(kLossNames);
  m.attr("METRICS") = names_of(kMetricNames);

  py::class_<Layer>(m, "Layer",
                    "Settings of one layer; kind: dense, activation, dropout, rescaling.")
      .def(py::init(&make_layer), py::arg("kind"), py::kw_only(), py::arg("units") = 0,
           py::arg("activation") = "linear", py::arg("alpha") = 0.0F, py::arg("use_bias") = true,
           py::arg("kernel_l2") = 0.0F, py::arg("rate") = 0.0F, py::arg("scale") = 1.0F,
           py::arg("offset") = 0.0F);
  py::class_<Loss>(m, "Loss", "A loss function and its settings.")
      .def(py::init(&make_loss), py::arg("kind"), py::kw_only(), py::arg("from_logits") = false,
           py::arg("label_smoothing") = 0.0F, py::arg("delta") = 1.0F);
  py::class_<Sgd>(m, "Sgd", "Settings of stochastic gradient descent.")
      .def(py::init([](float learning_rate, float momentum, bool nesterov, float weight_decay) {
             return Sgd{learning_rate, momentum, nesterov, weight_decay};
           }),
           py::arg("learning_rate"), py::arg("momentum") = 0.0F, py::arg("nesterov") = false,
           py::arg("weight_decay") = 0.0F);
}

}  // namespace digitnet::bindings
