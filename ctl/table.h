#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace fairlead::ctl {

enum class Align { kLeft, kRight };

struct Column {
  // In capitals.
  std::string name;
  // kRight for numbers.
  Align align = Align::kLeft;
};

// A table for people: a header, then rows, each column as wide as its widest cell, three spaces between them. A value
// of the command that prints it.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column. An empty one shows as "-"; what a terminal would obey is escaped.
  void AddRow(std::vector<std::string> cells);

  bool empty() const { return rows_.empty(); }

  void Print(std::ostream& out) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace fairlead::ctl
