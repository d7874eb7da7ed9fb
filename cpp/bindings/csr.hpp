#pragma once
// Samples in compressed sparse rows, as scipy.sparse keeps them, and what takes either kind.

#include <algorithm>
#include <string>
#include <variant>

#include "arrays.hpp"

namespace digitnet::bindings {

// Holds the caller's arrays. Whether they fit together is looked at here once, for an error before
// the first step, and by the core in every call (see check_csr).
class Csr {
 public:
  // data (stored,), uint8 or float32; indices (stored,) and indptr (rows + 1,), both int32 or both
  // int64; name: of the matrix, for errors.
  Csr(py::array data, py::array indices, py::array indptr, std::int64_t rows, std::int64_t features,
      const std::string& name)
      : data_(std::move(data)),
        indices_(std::move(indices)),
        indptr_(std::move(indptr)),
        rows_(rows),
        features_(features) {
    check(rows >= 0 && features >= 0, name, " must have a shape that is not negative. Received: (",
          rows, ", ", features, ")");
    const Samples view = samples(name);
    const std::int64_t begin = view.csr.wide ? *static_cast<const std::int64_t*>(view.csr.indptr)
                                             : *static_cast<const std::int32_t*>(view.csr.indptr);
    check(begin == 0, name, ".indptr must begin with 0. Received: ", begin);
    const py::gil_scoped_release released;
    canonical_ = check_csr(view, name);
  }

  // Whether the columns ascended in every row, none twice.
  bool canonical() const { return canonical_; }
  std::int64_t rows() const { return rows_; }

  // Rows begin .. end - 1, on the same data.
  Csr part(std::int64_t begin, std::int64_t end) const {
    Csr result(*this);
    result.indptr_ = indptr_[py::slice(begin, end + 1, 1)];
    result.rows_ = end - begin;
    return result;
  }

  // Throws where the arrays no longer fit together: they may have been resized since.
  Samples samples(std::string_view name = "x") const {
    check(indptr_.size() > 0 && indptr_.size() - 1 == rows_, name,
          ".indptr must hold one position more than the ", rows_,
          " rows. Received: ", indptr_.size());
    Samples view;
    view.type = holds<float>(data_) ? ElementType::kFloat32 : ElementType::kUint8;
    view.data = view.type == ElementType::kFloat32 ? vector<float>(data_, "data")
                                                   : vector<std::uint8_t>(data_, "data");
    view.count = rows_;
    view.features = features_;
    view.csr.wide = holds<std::int64_t>(indptr_);
    view.csr.indptr = index(indptr_, "indptr");
    view.csr.indices = index(indices_, "indices");
    view.csr.stored = std::min<std::int64_t>(data_.size(), indices_.size());
    return view;
  }

 private:
  template <class T>
  static const void* vector(const py::array& array, std::string_view name) {
    return vector_of<T>(array, array.size(), name);
  }

  const void* index(const py::array& array, std::string_view name) const {
    return holds<std::int64_t>(indptr_) ? vector<std::int64_t>(array, name)
                                        : vector<std::int32_t>(array, name);
  }

  py::array data_, indices_, indptr_;
  std::int64_t rows_, features_;
  bool canonical_ = false;
};

// A Csr comes as a pointer because a variant is made empty first, and an empty array costs time.
using Input = std::variant<const Csr*, py::array>;

inline Samples samples_of(const Input& x) {
  if (const py::array* array = std::get_if<py::array>(&x)) return samples_of(*array);
  const Csr* csr = std::get<const Csr*>(x);
  if (csr == nullptr) throw py::type_error("x must be an array or a Csr, got None");
  return csr->samples();
}

}  // namespace digitnet::bindings
