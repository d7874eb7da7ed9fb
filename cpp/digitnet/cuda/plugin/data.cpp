#include "digitnet/cuda/plugin/data.hpp"

#include <algorithm>
#include <vector>

namespace digitnet::cuda {
namespace {

constexpr int64_t kRowAlignment = 16;      // bytes, so that kernels read by fours
constexpr int64_t kPieceBytes = 16 << 20;  // of the host's memory at a time

int64_t element_size(const DigitnetCudaSource& source) {
  return source.bytes != 0 ? 1 : static_cast<int64_t>(sizeof(float));
}

int64_t row_bytes(const DigitnetCudaSource& source) {
  const int64_t bytes = source.features * element_size(source);
  return (bytes + kRowAlignment - 1) / kRowAlignment * kRowAlignment;
}

int64_t target_stride(const DigitnetCudaSource& source) {
  return source.has_target != 0 && source.labelled == 0 ? source.outputs : 0;
}

}  // namespace

int64_t DeviceData::bytes_of_sample(const DigitnetCudaSource& source) {
  return row_bytes(source) + static_cast<int64_t>(sizeof(float)) * (target_stride(source) + 2);
}

DeviceData::DeviceData(const DigitnetCudaSource& source, int64_t capacity)
    : capacity_(capacity),
      row_stride_(row_bytes(source) / element_size(source)),
      target_stride_(target_stride(source)),
      bytes_(source.bytes != 0),
      rows_(capacity * row_bytes(source)),
      labels_(source.has_target != 0 && source.labelled != 0 ? capacity : 0),
      targets_(capacity * target_stride_),
      weights_(source.weighted != 0 ? capacity : 0) {}

void DeviceData::read(const DigitnetCudaSource& source, const std::uint32_t* order, int64_t first,
                      int64_t count) {
  const int64_t piece = std::max<int64_t>(1, kPieceBytes / bytes_of_sample(source));
  for (int64_t done = 0; done < count; done += piece)
    read_piece(source, order, first + done, std::min(piece, count - done), done);
}

void DeviceData::read_piece(const DigitnetCudaSource& source, const std::uint32_t* order,
                            int64_t first, int64_t count, int64_t to) {
  const auto size = static_cast<std::size_t>(count);
  const int64_t bytes = row_bytes(source);
  std::vector<std::uint8_t> rows(static_cast<std::size_t>(count * bytes));
  std::vector<std::int32_t> labels(labels_.size() > 0 ? size : 0);
  std::vector<float> targets(static_cast<std::size_t>(count * target_stride_));
  std::vector<float> weights(weights_.size() > 0 ? size : 0);
  const auto data_of = [](auto& values) { return values.empty() ? nullptr : values.data(); };
  source.read(source.context, order, first, count, rows.data(), row_stride_, data_of(labels),
              data_of(targets), target_stride_, data_of(weights));
  device::copy_in(rows_.data() + to * bytes, rows.data(), rows.size());
  const auto send = [&](const auto& values, const auto& buffer, int64_t place) {
    if (values.empty()) return;
    device::copy_in(buffer.data() + place, values.data(), values.size() * sizeof(values[0]));
  };
  send(labels, labels_, to);
  send(targets, targets_, to * target_stride_);
  send(weights, weights_, to);
}

DeviceSamples DeviceData::samples(const std::uint32_t* order, float scale, float offset) const {
  return {rows_.data(), bytes_,         row_stride_,     scale,          offset,
          order,        labels_.data(), targets_.data(), target_stride_, weights_.data()};
}

}  // namespace digitnet::cuda
