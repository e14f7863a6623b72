#include "ctl/table.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "ctl/printable.h"

namespace fairlead::ctl {
namespace {

constexpr size_t kGap = 3;

void PrintRow(const std::vector<std::string>& cells, const std::vector<Column>& columns,
              const std::vector<size_t>& widths, std::ostream& out) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line.append(kGap, ' ');
    const size_t padding = widths[i] - Columns(cells[i]);
    if (columns[i].align == Align::kRight) line.append(padding, ' ');
    line += cells[i];
    // Nothing follows the last cell.
    if (columns[i].align == Align::kLeft && i + 1 < cells.size()) line.append(padding, ' ');
  }
  out << line << "\n";
}

}  // namespace

void Table::AddRow(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = cell.empty() ? "-" : Printable(cell);
  cells.resize(columns_.size(), "-");
  rows_.push_back(std::move(cells));
}

void Table::Print(std::ostream& out) const {
  std::vector<std::string> header;
  std::vector<size_t> widths;
  for (const Column& column : columns_) {
    header.push_back(column.name);
    widths.push_back(Columns(column.name));
  }
  for (const std::vector<std::string>& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Columns(row[i]));
  }
  PrintRow(header, columns_, widths, out);
  for (const std::vector<std::string>& row : rows_) PrintRow(row, columns_, widths, out);
}

}  // namespace fairlead::ctl
