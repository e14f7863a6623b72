#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace fairlead::metrics {

// One T for each worker that has asked for its own, so that what nobody uses costs a pointer, however many workers
// there are. T is what one worker counts. Made and destroyed on the control side, when no worker is left that holds one
// of them.
template <typename T>
class PerWorkerList {
 public:
  PerWorkerList() = default;
  PerWorkerList(const PerWorkerList&) = delete;
  PerWorkerList& operator=(const PerWorkerList&) = delete;
  ~PerWorkerList() {
    for (const Node* node = first_.load(std::memory_order_acquire); node != nullptr;) {
      delete std::exchange(node, node->next);
    }
  }

  // The worker's own, made now if it has none. For that worker, which keeps the reference: takes a walk over the
  // workers that came before it.
  T& of_worker(int worker) {
    for (Node* node = first_.load(std::memory_order_acquire); node != nullptr; node = node->next) {
      if (node->worker == worker) return node->value;
    }
    Node* node = new Node{{}, worker, first_.load(std::memory_order_relaxed)};
    while (!first_.compare_exchange_weak(node->next, node, std::memory_order_release, std::memory_order_relaxed)) {
    }
    return node->value;
  }

  // No worker has asked yet. From any thread, as what follows.
  bool empty() const { return first_.load(std::memory_order_relaxed) == nullptr; }

  // Calls `visit(value)` for each that there is.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const Node* node = first_.load(std::memory_order_acquire); node != nullptr; node = node->next) {
      visit(node->value);
    }
  }

 private:
  struct Node {
    T value;
    const int worker;
    Node* next;  // unchanged once the node is in the list
  };

  std::atomic<Node*> first_{nullptr};
};

// The same, by index: for what a worker looks up with each request instead of keeping it. A pointer for each worker.
template <typename T>
class PerWorkerArray {
 public:
  explicit PerWorkerArray(int workers) : workers_(workers), values_(new std::atomic<T*>[workers] {}) {}
  PerWorkerArray(const PerWorkerArray&) = delete;
  PerWorkerArray& operator=(const PerWorkerArray&) = delete;
  ~PerWorkerArray() {
    for (int worker = 0; worker < workers_; ++worker) delete values_[worker].load(std::memory_order_acquire);
  }

  // The worker's own, made now if it has none. For that worker alone.
  T& of_worker(int worker) {
    T* value = values_[worker].load(std::memory_order_relaxed);
    return value != nullptr ? *value : Make(worker);
  }

  // Calls `visit(value)` for each that there is. From any thread.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (int worker = 0; worker < workers_; ++worker) {
      if (const T* value = values_[worker].load(std::memory_order_acquire); value != nullptr) visit(*value);
    }
  }

 private:
  T& Make(int worker) {
    T* value = new T;
    values_[worker].store(value, std::memory_order_release);
    return *value;
  }

  const int workers_;
  const std::unique_ptr<std::atomic<T*>[]> values_;
};

// One counter, added up over all workers: Sum(counters, &UpstreamCounters::requests).
template <typename PerWorker, typename GetCounter>
uint64_t Sum(const PerWorker& counters, GetCounter get_counter) {
  uint64_t sum = 0;
  counters.ForEach([&](const auto& worker) { sum += std::invoke(get_counter, worker).value(); });
  return sum;
}

}  // namespace fairlead::metrics
