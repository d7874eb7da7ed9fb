#include <pybind11/stl.h>

#include "arrays.hpp"
#include "constructor.hpp"
#include "digitnet/cuda/cuda_engine.hpp"
#include "digitnet/engine.hpp"
#include "register.hpp"

namespace digitnet::bindings {
namespace {

Layer make_layer(const std::string& kind, std::int64_t units, const std::string& activation,
                 float alpha, bool use_bias, float kernel_l2, float kernel_max_norm, float rate,
                 float scale, float offset) {
  Layer layer;
  layer.kind = enum_of<LayerKind>(kLayerKindNames, kind, "layer kind");
  layer.units = units;
  layer.activation = enum_of<Activation>(kActivationNames, activation, "activation");
  layer.alpha = alpha;
  layer.use_bias = use_bias;
  layer.kernel_l2 = kernel_l2;
  layer.kernel_max_norm = kernel_max_norm;
  layer.rate = rate;
  layer.scale = scale;
  layer.offset = offset;
  return layer;
}

Loss make_loss(const std::string& kind, bool from_logits, float label_smoothing, float delta) {
  return {enum_of<LossKind>(kLossNames, kind, "loss"), from_logits, label_smoothing, delta};
}

Sgd make_sgd(float learning_rate, float momentum, bool nesterov, float weight_decay) {
  return {learning_rate, momentum, nesterov, weight_decay};
}

Adam make_adam(float learning_rate, double beta_1, double beta_2, float epsilon,
               float weight_decay) {
  return {learning_rate, beta_1, beta_2, epsilon, weight_decay};
}

// rates: learning rates of the next steps, instead of the rule's.
Optimizer make_optimizer(const std::variant<Sgd, Adam>& rule, float clipvalue, float clipnorm,
                         float global_clipnorm, const std::optional<FloatArray>& rates,
                         std::uint64_t iterations) {
  Optimizer optimizer;
  optimizer.rule = rule;
  optimizer.clipvalue = clipvalue;
  optimizer.clipnorm = clipnorm;
  optimizer.global_clipnorm = global_clipnorm;
  optimizer.iterations = iterations;
  if (!rates) return optimizer;
  check(rates->ndim() == 1, "rates must have 1 dimension, got ", rates->ndim());
  optimizer.rates.assign(rates->data(), rates->data() + rates->size());
  return optimizer;
}

}  // namespace

void register_settings(py::module_& m) {
  m.attr("ACTIVATIONS") = names_of(kActivationNames);
  m.attr("LOSSES") = names_of(kLossNames);
  m.attr("METRICS") = names_of(kMetricNames);

  py::class_<Layer>(m, "Layer",
                    "Settings of one layer; kind: dense, activation, dropout, rescaling.")
      .def("__init__", initializer(&make_layer), kNewStyle, py::arg("kind"), py::kw_only(),
           py::arg("units") = 0, py::arg("activation") = "linear", py::arg("alpha") = 0.0F,
           py::arg("use_bias") = true, py::arg("kernel_l2") = 0.0F,
           py::arg("kernel_max_norm") = Optimizer::kNoLimit, py::arg("rate") = 0.0F,
           py::arg("scale") = 1.0F, py::arg("offset") = 0.0F);
  py::class_<Loss>(m, "Loss", "A loss function and its settings.")
      .def("__init__", initializer(&make_loss), kNewStyle, py::arg("kind"), py::kw_only(),
           py::arg("from_logits") = false, py::arg("label_smoothing") = 0.0F,
           py::arg("delta") = 1.0F);
  py::class_<Sgd>(m, "Sgd", "Settings of stochastic gradient descent.")
      .def("__init__", initializer(&make_sgd), kNewStyle, py::arg("learning_rate"),
           py::arg("momentum") = 0.0F, py::arg("nesterov") = false, py::arg("weight_decay") = 0.0F);
  py::class_<Adam>(m, "Adam", "Settings of Adam, with the decay apart from the gradient.")
      .def("__init__", initializer(&make_adam), kNewStyle, py::arg("learning_rate"),
           py::arg("beta_1") = 0.9, py::arg("beta_2") = 0.999, py::arg("epsilon") = 1e-7F,
           py::arg("weight_decay") = 0.0F);
  py::class_<Optimizer>(m, "Optimizer", "A rule, limits of its gradients, and its next steps.")
      .def("__init__", initializer(&make_optimizer), kNewStyle, py::arg("rule"), py::kw_only(),
           py::arg("clipvalue") = Optimizer::kNoLimit, py::arg("clipnorm") = Optimizer::kNoLimit,
           py::arg("global_clipnorm") = Optimizer::kNoLimit, py::arg("rates") = py::none(),
           py::arg("iterations") = 0)
      .def_property_readonly("missing_on_cuda", &cuda::missing_optimizer);
  py::implicitly_convertible<Sgd, Optimizer>();
}

}  // namespace digitnet::bindings
