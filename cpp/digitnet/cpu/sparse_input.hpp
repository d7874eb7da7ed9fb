#pragma once
// The non-zeros of a batch of inputs: by row for the forward pass, by column (input feature) for
// the kernel gradient. Rows are filled in by whoever gathers them; tally and turn make the columns.

#include <vector>

#include "digitnet/aligned_buffer.hpp"
#include "digitnet/cpu/kernel_table.hpp"
#include "digitnet/matrix.hpp"

namespace digitnet::cpu {

// Offset of one row of a panel, as SparseEntry counts it.
inline constexpr std::uint32_t kPanelRowBytes = kPanel * sizeof(float);

struct RowRange {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

class SparseInput {
 public:
  SparseInput() = default;
  // most: non-zeros that one row can have; members: of the team that will fill it; with_columns:
  // for training.
  SparseInput(int64_t rows, int64_t features, int64_t most, int members, bool with_columns);

  // --- by row

  // Where row r's entries belong: room for the most that a row can have, and for the scratch.
  SparseEntry* row_entries(int64_t r) {
    return row_entries_.data() + r * (most_ + kCompressScratch);
  }
  int64_t most() const { return most_; }
  void set_count(int64_t r, int64_t count) { row_count_[r] = static_cast<std::int32_t>(count); }
  // Lists these rows, filled before, as sparse_multiply likes them: sorted by count.
  void list_rows(RowRange rows);
  // What list_rows wrote for the rows from `first` on, where one of its ranges began.
  const SparseRow* row_list(int64_t first) const { return row_list_.data() + first; }

  // --- by column, in two steps with a barrier between them

  // 1. How many non-zeros each column has in the member's rows.
  void tally(int member, RowRange rows);
  // 2. The member's entries to their columns (entry offsets become r * kPanelRowBytes), and the
  //    lists of its share of the blocks of `block` columns.
  void turn(int member, int members, RowRange rows, int64_t block);
  // A block's columns from `first` on, sorted by count; SparseRow::row counts from first.
  const SparseRow* column_list(int64_t first) const { return column_list_.data() + first; }

 private:
  int64_t features_ = 0, most_ = 0;
  AlignedBuffer<SparseEntry> row_entries_, column_entries_;
  AlignedBuffer<std::int32_t> row_count_;
  AlignedBuffer<std::int32_t> tally_;  // (members, features)
  AlignedBuffer<int64_t> next_;        // (members, features): where a member's next entry goes
  std::vector<SparseRow> row_list_, column_list_;
};

}  // namespace digitnet::cpu
