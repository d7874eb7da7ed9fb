#include "digitnet/augmentation/augment.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <limits>
#include <optional>
#include <vector>

#include "digitnet/augmentation/elastic.hpp"
#include "digitnet/augmentation/sampler.hpp"
#include "digitnet/cpu/thread_team.hpp"
#include "digitnet/error.hpp"

namespace digitnet::augmentation {
namespace {

constexpr std::int64_t kBlockPixels = 1 << 13;  // that a member takes at a time, at least
constexpr std::uint32_t kAffineBlocks = 3;  // of a sample's stream; the field begins behind them
constexpr double kMaxFloat = std::numeric_limits<float>::max();
constexpr std::int64_t kMaxCount = std::int64_t{1} << 31;

// One member's own memory.
class Worker {
 public:
  Worker(const Samples& images, const ImageShape& shape, const Settings& settings,
         const Smoothing* smoothing)
      : images_(images),
        shape_(shape),
        settings_(settings),
        sampler_(shape, static_cast<float>(settings.fill_value)) {
    if (smoothing != nullptr) field_.emplace(*smoothing, shape);
  }

  template <class T>
  void change(std::int64_t index, std::uint64_t epoch, T* out, Pulse& pulse) {
    Random random(settings_.seed, Stream::kAugmentation,
                  (epoch << 32) | static_cast<std::uint64_t>(index));
    const AffineMap map = draw_affine(settings_, shape_, random);
    const T* image = static_cast<const T*>(images_.data) + index * images_.row_step;
    if (map.is_identity() && !field_) {
      for (std::int64_t i = 0; i < images_.features; ++i) out[i] = image[i * images_.feature_step];
      return pulse.count(images_.features);
    }
    sampler_.load(image, images_.feature_step, pulse);
    if (field_)
      field_->draw(
          settings_.seed,
          {kAffineBlocks, static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(epoch),
           static_cast<std::uint32_t>(Stream::kAugmentation)},
          pulse);
    for (std::int64_t r = 0; r < shape_.rows; ++r) {
      if (field_) field_->smooth_row(r, pulse);
      const float *dx = field_ ? field_->dx() : nullptr, *dy = field_ ? field_->dy() : nullptr;
      sampler_.sample_row(r, map, dx, dy, out + r * shape_.cols * shape_.channels, pulse);
    }
  }

 private:
  const Samples& images_;
  const ImageShape& shape_;
  const Settings& settings_;
  Sampler sampler_;
  std::optional<DisplacementField> field_;
};

void check_images(const Samples& images, const ImageShape& shape) {
  check(!images.is_csr(), "images must not be sparse");
  check(shape.rows >= 1 && shape.cols >= 1 && shape.rows <= kMaxSide && shape.cols <= kMaxSide,
        "images must have from 1 to ", kMaxSide, " rows and columns, got ", shape.rows, " and ",
        shape.cols);
  check(shape.channels >= 1 && shape.channels <= kMaxCount && images.count < kMaxCount &&
            images.features % (shape.rows * shape.cols) == 0 &&
            images.features / (shape.rows * shape.cols) == shape.channels,
        "images must have shape (n, ", shape.rows, " * ", shape.cols, " * ", shape.channels,
        "), got (", images.count, ", ", images.features, ")");
}

void check_range(const Range& range, const char* name, double low, double high) {
  check(range.low >= low && range.low <= range.high && range.high <= high, name,
        " must be a range within [", low, ", ", high, "], got [", range.low, ", ", range.high, "]");
}

void check_settings(const Settings& s, ElementType type) {
  check_range(s.shift, "shift", -1, 1);
  check_range(s.rotation, "rotation", -360, 360);
  check_range(s.scale, "scale", 0.01, 100);
  check_range(s.shear, "shear", -80, 80);
  check(s.alpha >= 0 && s.alpha <= kMaxFloat, "alpha must be from 0 to ", kMaxFloat, ", got ",
        s.alpha);
  check(s.sigma > 0 && s.sigma <= kMaxFloat, "sigma must be above 0 and at most ", kMaxFloat,
        ", got ", s.sigma);
  check(s.fill_value >= -kMaxFloat && s.fill_value <= kMaxFloat,
        "fill_value must be finite in float32, got ", s.fill_value);
  check(type == ElementType::kFloat32 || (s.fill_value >= 0 && s.fill_value <= 255),
        "fill_value must lie in [0, 255] for bytes, got ", s.fill_value);
}

// Blocks of images, each taken by whichever member is free.
template <class T>
class Run {
 public:
  Run(const Samples& images, std::uint64_t epoch, T* out, const Interruption& interruption)
      : images_(images),
        epoch_(epoch),
        out_(out),
        interruption_(interruption),
        block_(
            std::max<std::int64_t>(1, kBlockPixels / std::max<std::int64_t>(1, images.features))) {}

  std::int64_t blocks() const { return (images_.count + block_ - 1) / block_; }

  void operator()(std::vector<Worker>& workers, cpu::ThreadTeam& team) {
    auto job = [&](int member) {
      if (static_cast<std::size_t>(member) >= workers.size()) return;
      try {
        work(workers[static_cast<std::size_t>(member)], member);
      } catch (const Stopped&) {
        return;        // who ended the work has the reason
      } catch (...) {  // the interruption's: only member 0 has it
        failure_ = std::current_exception();
        stopped_ = true;
      }
    };
    team.run(job);
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void work(Worker& worker, int member) {
    Pulse pulse(stopped_, member == 0 ? &interruption_ : nullptr);
    while (true) {
      const std::int64_t first = next_.fetch_add(1, std::memory_order_relaxed) * block_;
      if (first >= images_.count) return;
      for (std::int64_t i = first; i < std::min(first + block_, images_.count); ++i)
        worker.change(i, epoch_, out_ + i * images_.features, pulse);
    }
  }

  const Samples& images_;
  const std::uint64_t epoch_;
  T* const out_;
  const Interruption& interruption_;
  const std::int64_t block_;
  std::atomic<std::int64_t> next_{0};
  std::atomic<bool> stopped_{false};
  std::exception_ptr failure_;
};

template <class T>
void augment_typed(const Samples& images, const ImageShape& shape, const Settings& settings,
                   std::uint64_t epoch, T* out, const Interruption& interruption) {
  std::optional<Smoothing> smoothing;
  if (settings.alpha > 0) smoothing.emplace(settings, shape);
  Run<T> run(images, epoch, out, interruption);
  cpu::TeamLease team(static_cast<int>(std::min<std::int64_t>(run.blocks(), 2)));
  const std::int64_t members = std::min<std::int64_t>(team->size(), run.blocks());
  std::vector<Worker> workers;
  workers.reserve(static_cast<std::size_t>(members));
  for (std::int64_t m = 0; m < members; ++m)
    workers.emplace_back(images, shape, settings, smoothing ? &*smoothing : nullptr);
  run(workers, *team);
}

}  // namespace

void augment(const Samples& images, const ImageShape& shape, const Settings& settings,
             std::uint64_t epoch, void* out, const Interruption& interruption) {
  check_images(images, shape);
  check_settings(settings, images.type);
  check(epoch < static_cast<std::uint64_t>(kMaxCount), "epoch must be below 2^31, got ", epoch);
  if (images.type == ElementType::kUint8)
    augment_typed(images, shape, settings, epoch, static_cast<std::uint8_t*>(out), interruption);
  else
    augment_typed(images, shape, settings, epoch, static_cast<float*>(out), interruption);
}

}  // namespace digitnet::augmentation
