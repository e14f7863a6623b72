#pragma once

namespace fairlead::base {

// The links of an object that is in at most one list at a time. Destroying it takes it out.
struct ListNode {
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { Unlink(); }

  bool linked() const { return next != nullptr; }
  void Unlink() {
    if (next == nullptr) return;
    previous->next = next;
    next->previous = previous;
    next = previous = nullptr;
  }

  ListNode* next = nullptr;
  ListNode* previous = nullptr;
};

// A doubly linked list through objects that derive from ListNode; owns none of them. All operations but destruction in
// O(1).
template <typename T>
class IntrusiveList {
 public:
  IntrusiveList() { head_.next = head_.previous = &head_; }
  ~IntrusiveList() {
    while (!empty()) front()->Unlink();
    head_.next = head_.previous = nullptr;
  }

  bool empty() const { return head_.next == &head_; }
  // Of a list that is not empty.
  T* front() { return static_cast<T*>(head_.next); }
  T* back() { return static_cast<T*>(head_.previous); }

  // Takes `item` out of the list that it is in, if any, first.
  void PushFront(T* item) {
    item->Unlink();
    InsertAfter(&head_, item);
  }
  void PushBack(T* item) {
    item->Unlink();  // it may be the last
    InsertAfter(head_.previous, item);
  }

  // Calls `visit(item)` for each; it may unlink or destroy that item, but no other.
  template <typename Visit>
  void ForEach(Visit visit) {
    for (ListNode* node = head_.next; node != &head_;) {
      ListNode* next = node->next;
      visit(static_cast<T*>(node));
      node = next;
    }
  }

 private:
  static void InsertAfter(ListNode* position, ListNode* node) {
    node->previous = position;
    node->next = position->next;
    position->next->previous = node;
    position->next = node;
  }

  ListNode head_;
};

}  // namespace fairlead::base
