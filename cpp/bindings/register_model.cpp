#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>

#include "constructor.hpp"
#include "csr.hpp"
#include "digitnet/trainer.hpp"
#include "parameters.hpp"
#include "register.hpp"
#include "signals.hpp"
#include "watched.hpp"

namespace digitnet::bindings {
namespace {

struct Result {
  std::int64_t samples;
  double loss;
  std::vector<double> metrics;
};

Result result_of(const Totals& totals) {
  const double count = static_cast<double>(std::max<std::int64_t>(totals.samples, 1));
  Result result{totals.samples, totals.loss / count, totals.metrics};
  for (double& metric : result.metrics) metric /= count;
  return result;
}

Objective objective_of(const Loss& loss, const std::vector<std::string>& metrics) {
  Objective objective{loss, {}};
  for (const std::string& name : metrics)
    objective.metrics.push_back(enum_of<Metric>(kMetricNames, name, "metric"));
  return objective;
}

// Looks for Ctrl-C and, less often, tells Python how far the work is; what either raises stops the
// work. progress: null for calls that report nothing; else borrowed, None or a function.
ProgressFunction progress_to(PyObject* progress) {
  using Clock = std::chrono::steady_clock;
  return [progress, last = Clock::now()](std::int64_t done, const Totals& totals) mutable {
    park_if_finalizing();
    const py::gil_scoped_acquire held;
    throw_if_interrupted();
    if (progress == nullptr || Py_IsNone(progress)) return;
    // Before the first step is done there is no mean to tell.
    if (done == 0 || Clock::now() - last < std::chrono::milliseconds(50)) return;
    const Result result = result_of(totals);
    py::reinterpret_borrow<py::object>(progress)(done, result.loss, result.metrics);
    last = Clock::now();
  };
}

// What keeps held data where they are: see Engine::hold.
struct Hold {
  std::shared_ptr<void> copy;
  py::object x, y, sample_weight;  // whose memory it is
};

std::unique_ptr<Trainer> make_model(std::int64_t input_size, const std::vector<Layer>& layers,
                                    const std::string& device, std::uint64_t seed,
                                    const std::string& precision) {
  return std::make_unique<Trainer>(input_size, layers, device,
                                   enum_of<Precision>(kPrecisionNames, precision, "precision"),
                                   seed);
}

// --- methods; data is taken apart with the GIL held, the work runs without it

using Array = py::array;
using Weights = std::optional<py::array>;
using Names = std::vector<std::string>;

Result train_epoch(Trainer& model, const Input& x, const Array& y, const Weights& sample_weight,
                   std::int64_t batch_size, bool shuffle, const Loss& loss, const Names& metrics,
                   const Optimizer& optimizer, const py::object& progress) {
  const Dataset data = dataset_of(samples_of(x), y, sample_weight);
  const EpochSettings settings{objective_of(loss, metrics), optimizer, batch_size, shuffle};
  const py::gil_scoped_release released;
  return result_of(model.train_epoch(data, settings, progress_to(progress.ptr())));
}

Hold hold(Trainer& model, const Input& x, const Array& y, const Weights& sample_weight) {
  const Dataset data = dataset_of(samples_of(x), y, sample_weight);
  Hold result{nullptr, py::cast(x), y, py::cast(sample_weight)};
  const py::gil_scoped_release released;
  result.copy = model.hold(data);
  return result;
}

Result train_batch(Trainer& model, const Input& x, const Array& y, const Weights& sample_weight,
                   const Loss& loss, const Names& metrics, const Optimizer& optimizer) {
  const Dataset data = dataset_of(samples_of(x), y, sample_weight);
  const Objective objective = objective_of(loss, metrics);
  const py::gil_scoped_release released;
  return result_of(model.train_batch(data, objective, optimizer, progress_to(nullptr)));
}

Result evaluate(const Trainer& model, const Input& x, const Array& y, const Weights& sample_weight,
                const Loss& loss, const Names& metrics, const py::object& progress) {
  const Dataset data = dataset_of(samples_of(x), y, sample_weight);
  const Objective objective = objective_of(loss, metrics);
  const py::gil_scoped_release released;
  return result_of(model.evaluate(data, objective, progress_to(progress.ptr())));
}

FloatArray predict(const Trainer& model, const Input& x) {
  const Samples samples = samples_of(x);
  const std::int64_t outputs = model.network().output_size();
  FloatArray result = new_matrix(samples.count, outputs);
  const MatrixView<float> out{result.mutable_data(), samples.count, outputs, outputs};
  const py::gil_scoped_release released;
  model.predict(samples, out, progress_to(nullptr));
  return result;
}

// Checks and prediction in one call, for the arrays that need no conversion: around one image every
// step counts. None where x needs more, or is at fault: who asks for it then must say so.
// The GIL is released here too. That costs a fiftieth of the call, but who keeps it through a loop
// over images holds up the threads that train.
std::optional<FloatArray> predict_plain(const Trainer& model, py::handle x,
                                        const py::tuple& sample_shape) {
  const std::optional<Samples> samples = plain_samples(x, sample_shape);
  if (!samples) return std::nullopt;
  const std::int64_t outputs = model.network().output_size();
  FloatArray result = new_matrix(samples->count, outputs);
  const MatrixView<float> out{result.mutable_data(), samples->count, outputs, outputs};
  bool finite = false;
  {
    const py::gil_scoped_release released;
    finite = !first_nonfinite_watched(*samples);
    if (finite) model.predict(*samples, out, progress_to(nullptr));
  }
  return finite ? std::optional<FloatArray>(std::move(result)) : std::nullopt;
}

py::list gradients(const Trainer& model, const Input& x, const Array& y,
                   const Weights& sample_weight, const Loss& loss, bool training) {
  const Dataset data = dataset_of(samples_of(x), y, sample_weight);
  Parameters result;
  {
    const py::gil_scoped_release released;
    result = model.gradients(data, loss, training, progress_to(nullptr));
  }
  return to_list(result);
}

py::list get_weights(const Trainer& model) {
  Parameters parameters;
  {
    const py::gil_scoped_release released;
    parameters = model.parameters();
  }
  return to_list(parameters);
}

py::typing::List<py::list> get_slots(const Trainer& model) {
  Slots slots;
  {
    const py::gil_scoped_release released;
    slots = model.slots();
  }
  py::typing::List<py::list> lists;
  for (const Parameters& slot : slots) lists.append(to_list(slot));
  return lists;
}

py::typing::Dict<py::str, py::object> report(const Trainer& model) {
  const EngineReport r = model.report();
  const auto tile = [](const TileShape& t) { return py::make_tuple(t.rows, t.columns); };
  return py::dict(py::arg("isa") = r.isa, py::arg("dense") = tile(r.dense),
                  py::arg("sparse") = tile(r.sparse), py::arg("threads") = r.threads,
                  py::arg("density") = r.density, py::arg("skips_zeros") = r.skips_zeros,
                  py::arg("hidden_skip_below") = r.hidden_skip_below);
}

// A number of RunState as a read-write property.
void state_property(py::class_<Trainer>& c, const char* name, std::uint64_t RunState::* field,
                    const char* doc) {
  c.def_property(name, py::cpp_function([field](const Trainer& model) {
                   const py::gil_scoped_release released;
                   return model.state().*field;
                 }),
                 py::cpp_function([field](Trainer& model, std::uint64_t value) {
                   const py::gil_scoped_release released;
                   model.update_state([&](RunState& state) { state.*field = value; });
                 }),
                 doc);
}

}  // namespace

void register_model(py::module_& m) {
  py::class_<Result>(m, "Result", "Means over the samples of an epoch, a step or an evaluation.")
      .def_readonly("samples", &Result::samples)
      .def_readonly("loss", &Result::loss)
      .def_readonly("metrics", &Result::metrics);

  py::class_<Hold>(m, "Hold", "Keeps a copy of data on the model's device as long as it lives.")
      .def_property_readonly("on_device", [](const Hold& self) { return self.copy != nullptr; })
      .def("release", [](Hold& self) {
        {
          const py::gil_scoped_release released;  // it waits for the device
          self.copy.reset();
        }
        self = {};
      });

  py::class_<Trainer> model(m, "Model",
                            "A network with its parameters, engine and training state.");
  model
      .def("__init__", initializer(&make_model), kNewStyle, py::arg("input_size"),
           py::arg("layers"), py::arg("device"), py::arg("seed"), py::arg("precision") = "float32")
      .def_property_readonly("device", &Trainer::device)
      .def("report", &report)
      .def_property_readonly("output_size",
                             [](const Trainer& self) { return self.network().output_size(); })
      .def("get_weights", &get_weights)
      .def("get_slots", &get_slots)
      .def(
          "set_weights",
          [](Trainer& self, const std::vector<py::array>& weights) {
            const Parameters parameters = from_list(self.network(), weights, "weights");
            const py::gil_scoped_release released;
            self.set_parameters(parameters);
          },
          py::arg("weights"))
      .def(
          "set_slots",
          [](Trainer& self, const std::vector<std::vector<py::array>>& slots) {
            Slots values;
            for (const auto& slot : slots)
              values.push_back(from_list(self.network(), slot, "slots"));
            const py::gil_scoped_release released;
            self.set_slots(values);
          },
          py::arg("slots"))
      .def("hold", &hold, py::arg("x"), py::arg("y"), py::arg("sample_weight"))
      .def("train_epoch", &train_epoch, py::arg("x"), py::arg("y"), py::arg("sample_weight"),
           py::arg("batch_size"), py::arg("shuffle"), py::arg("loss"), py::arg("metrics"),
           py::arg("optimizer"), py::arg("progress"))
      .def("train_batch", &train_batch, py::arg("x"), py::arg("y"), py::arg("sample_weight"),
           py::arg("loss"), py::arg("metrics"), py::arg("optimizer"))
      .def("evaluate", &evaluate, py::arg("x"), py::arg("y"), py::arg("sample_weight"),
           py::arg("loss"), py::arg("metrics"), py::arg("progress"))
      .def("predict", &predict, py::arg("x"))
      .def("predict_plain", &predict_plain, py::arg("x"), py::arg("sample_shape"))
      .def("gradients", &gradients, py::arg("x"), py::arg("y"), py::arg("sample_weight"),
           py::arg("loss"), py::arg("training"))
      .def(
          "apply_gradients",
          [](Trainer& self, const std::vector<py::array>& arrays, const Optimizer& optimizer) {
            const Parameters parameters = from_list(self.network(), arrays, "gradients");
            const py::gil_scoped_release released;
            self.apply_gradients(parameters, optimizer);
          },
          py::arg("gradients"), py::arg("optimizer"));
  state_property(model, "iterations", &RunState::iterations, "Optimizer steps done.");
  state_property(model, "epochs", &RunState::epochs, "Epochs begun.");
  state_property(model, "seed", &RunState::seed, "Seed of shuffling and dropout.");
}

}  // namespace digitnet::bindings
