#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// Operations, one for each resource: a later one takes the place of an earlier one. A value on the control thread.
class OperationSet {
 public:
  // Names a resource: its kind, by the number of the operation's upsert field, and its id ("backend/server" for servers
  // and for words on their health).
  using Key = std::pair<int, std::string>;

  // Of an operation that says something.
  static Key KeyOf(const v1::Operation& operation);

  void Put(v1::Operation operation) {
    Key key = KeyOf(operation);
    operations_.insert_or_assign(std::move(key), std::move(operation));
  }
  void Erase(const Key& key) { operations_.erase(key); }
  bool empty() const { return operations_.empty(); }
  const std::map<Key, v1::Operation>& operations() const { return operations_; }
  std::map<Key, v1::Operation>& operations() { return operations_; }

 private:
  std::map<Key, v1::Operation> operations_;
};

}  // namespace fairlead::control
