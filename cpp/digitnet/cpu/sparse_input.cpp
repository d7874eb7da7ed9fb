#include "digitnet/cpu/sparse_input.hpp"

#include <algorithm>

namespace digitnet::cpu {
namespace {

// In every step some thousand counts are sorted, most of them small: they are counted, not
// compared.
void sort_by_count(SparseRow* begin, SparseRow* end) {
  constexpr std::int32_t kMostCount = 1023;
  constexpr std::ptrdiff_t kMostRows = 512;
  std::int32_t most = 0;
  for (const SparseRow* row = begin; row != end; ++row) most = std::max(most, row->count);
  if (most > kMostCount || end - begin > kMostRows) {
    std::sort(begin, end, [](const SparseRow& a, const SparseRow& b) { return a.count < b.count; });
    return;
  }
  std::int32_t place[kMostCount + 2];  // place[n]: where the next row with count n goes
  std::fill_n(place, most + 2, 0);
  // NOLINTBEGIN(clang-analyzer-security.ArrayBound): a count is not negative
  for (const SparseRow* row = begin; row != end; ++row) ++place[row->count + 1];
  for (std::int32_t n = 1; n <= most; ++n) place[n] += place[n - 1];
  SparseRow sorted[kMostRows];
  for (const SparseRow* row = begin; row != end; ++row) sorted[place[row->count]++] = *row;
  // NOLINTEND(clang-analyzer-security.ArrayBound)
  std::copy_n(sorted, end - begin, begin);
}

}  // namespace

SparseInput::SparseInput(int64_t rows, int64_t features, int64_t most, int members,
                         bool with_columns)
    : features_(features),
      most_(most),
      row_entries_(rows * (most + kCompressScratch)),
      row_count_(rows),
      row_list_(static_cast<std::size_t>(rows)) {
  if (!with_columns) return;
  column_entries_ = AlignedBuffer<SparseEntry>(rows * most);
  tally_ = AlignedBuffer<std::int32_t>(members * features);
  next_ = AlignedBuffer<int64_t>(members * features);
  column_list_.resize(static_cast<std::size_t>(features));
}

void SparseInput::list_rows(RowRange rows) {
  SparseRow* list = row_list_.data();
  for (int64_t r = rows.begin; r < rows.end; ++r)
    list[r] = {row_entries(r), row_count_[r], static_cast<std::int32_t>(r)};
  sort_by_count(list + rows.begin, list + rows.end);
}

void SparseInput::tally(int member, RowRange rows) {
  std::int32_t* count = tally_.data() + member * features_;
  std::fill_n(count, features_, 0);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const SparseEntry* entries = row_entries(r);
    for (std::int32_t e = 0; e < row_count_[r]; ++e) ++count[entries[e].offset / kPanelRowBytes];
  }
}

void SparseInput::turn(int member, int members, RowRange rows, int64_t block) {
  int64_t* next = next_.data() + member * features_;
  int64_t begin = 0;  // of the column's entries
  int owner = 0;      // of the block
  for (int64_t first = 0; first < features_; first += block) {
    const int64_t end = std::min(first + block, features_);
    for (int64_t column = first; column < end; ++column) {
      int64_t count = 0;
      for (int m = 0; m < members; ++m) {
        if (m == member) next[column] = begin + count;
        count += tally_[m * features_ + column];
      }
      if (owner == member)
        column_list_[static_cast<std::size_t>(column)] = {
            column_entries_.data() + begin, static_cast<std::int32_t>(count),
            static_cast<std::int32_t>(column - first)};
      begin += count;
    }
    if (owner == member) sort_by_count(column_list_.data() + first, column_list_.data() + end);
    if (++owner == members) owner = 0;
  }
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const SparseEntry* entries = row_entries(r);
    const auto offset = static_cast<std::uint32_t>(r) * kPanelRowBytes;
    for (std::int32_t e = 0; e < row_count_[r]; ++e)
      column_entries_[next[entries[e].offset / kPanelRowBytes]++] = {offset, entries[e].value};
  }
}

}  // namespace digitnet::cpu
