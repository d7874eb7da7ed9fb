#include "digitnet/cpu/brief_run.hpp"

#include <algorithm>

namespace digitnet::cpu {
namespace {

constexpr int64_t kFewRows = 8;
constexpr int64_t kMostKept = int64_t{1} << 20;  // floats in a workspace: 4 MiB

int64_t rows_kept(const Network& network) {
  int64_t row = 2 * network.input_size();  // an entry of SparseInput is as large as two floats
  for (const Layer& layer : network.layers()) row += layer.out;
  return std::min(kFewRows, kMostKept / row);
}

}  // namespace

BriefRun::BriefRun(const Network& network, const Panels& dense, const KernelTable& kernels)
    : network_(network), walk_(network, dense, kernels), most_rows_(rows_kept(network)) {}

BriefRun::~BriefRun() {
  for (std::atomic<Workspace*>& spare : spare_) delete spare.load();
}

Reading BriefRun::predict(const Samples& samples, MatrixView<float> out) const {
  Dataset data;
  data.x = samples;
  const RowRange rows{0, samples.count};
  const Reading reading = walk_.reading_of(samples, rows.size());
  std::atomic<Workspace*>& spare = spare_[reading.sparse ? 1 : 0];
  std::unique_ptr<Workspace> work(spare.exchange(nullptr, std::memory_order_acquire));
  if (work == nullptr)
    work = std::make_unique<Workspace>(network_, most_rows_, Purpose::kPredict, nullptr,
                                       reading.sparse ? 1 : 0, network_.input_size());
  walk_.gather(data, nullptr, 0, rows, *work);
  WalkScratch none;  // so few rows need none
  walk_.forward(rows, {}, *work, none);
  const PaddedMatrix& y = walk_.output(*work);
  for (int64_t r = 0; r < rows.size(); ++r) std::copy_n(y.row(r), out.cols, out.row(r));
  delete spare.exchange(work.release(), std::memory_order_acq_rel);  // of several, the last stays
  return reading;
}

}  // namespace digitnet::cpu
