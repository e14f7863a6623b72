#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::tls {

// A key that session tickets are sealed with, for a while. Its copies leave nothing in memory.
class TicketKey {
 public:
  static constexpr size_t kNameBytes = 16;
  static constexpr size_t kSecretBytes = 32;
  static constexpr size_t kBytes = kNameBytes + 2 * kSecretBytes;

  TicketKey() = default;
  // `material`: kBytes, the name (which tickets carry in the clear), the secret of HMAC-SHA-256, that of AES-256.
  TicketKey(std::string_view material, int64_t not_before_ms);
  TicketKey(const TicketKey&) = default;
  TicketKey& operator=(const TicketKey&) = default;
  ~TicketKey();

  std::string_view name() const { return {material_.data(), kNameBytes}; }
  std::string_view mac_secret() const { return {material_.data() + kNameBytes, kSecretBytes}; }
  std::string_view cipher_secret() const { return {material_.data() + kNameBytes + kSecretBytes, kSecretBytes}; }
  int64_t not_before_ms() const { return not_before_ms_; }

 private:
  std::array<char, kBytes> material_{};
  int64_t not_before_ms_ = 0;
};

// What a listener's session tickets are sealed with. Made by the control side; used by all threads that shake hands, at
// the same time and without locks. They go by Unix milliseconds (base::UnixMillis), which a fleet has in common.
class TicketKeys {
 public:
  enum class Found { kNone, kMakesTickets, kTaken };

  virtual ~TicketKeys() = default;

  // The key that makes tickets at this time.
  virtual void Choose(int64_t now_ms, TicketKey* key) const = 0;
  // The one of this name, if a ticket of it is taken at this time.
  virtual Found Find(std::string_view name, int64_t now_ms, TicketKey* key) const = 0;
};

// Keys that a controller has given, for several proxies to share. All are taken; the one with the latest not_before
// that has passed makes tickets, the earliest while none has. Immutable.
class GivenTicketKeys final : public TicketKeys {
 public:
  // Of one key, in the order in which they were given.
  struct About {
    std::string name;  // hexadecimal
    int64_t not_before_ms;
    bool makes_tickets;
  };

  // At least one; no two of the same name or not_before_ms.
  explicit GivenTicketKeys(std::vector<TicketKey> keys);

  std::vector<About> Describe(int64_t now_ms) const;

  // TicketKeys:
  void Choose(int64_t now_ms, TicketKey* key) const override;
  Found Find(std::string_view name, int64_t now_ms, TicketKey* key) const override;

 private:
  const TicketKey& Chosen(int64_t now_ms) const;

  const std::vector<TicketKey> keys_;
};

// A listener's own keys: random, known to nobody else, and changed every kPeriodMs by whichever thread comes first
// then. The one before is still taken, so that no ticket is lost to the change within its life; older ones are
// forgotten, so that what was recorded earlier stays closed to whoever reads this memory later.
class OwnTicketKeys final : public TicketKeys {
 public:
  static constexpr int64_t kPeriodMs = 2 * 3'600 * 1'000;

  explicit OwnTicketKeys(int64_t now_ms);
  ~OwnTicketKeys() override;

  // TicketKeys:
  void Choose(int64_t now_ms, TicketKey* key) const override;
  Found Find(std::string_view name, int64_t now_ms, TicketKey* key) const override;

 private:
  static constexpr size_t kWords = TicketKey::kBytes / sizeof(uint64_t);
  // A key's bytes, which may be read while they are overwritten: who reads learns of that from generation_.
  struct Slot {
    std::array<std::atomic<uint64_t>, kWords> words{};
  };

  void ChangeIfDue(int64_t now_ms) const;
  // False: it has been forgotten meanwhile.
  bool Read(uint64_t generation, TicketKey* key) const;
  Slot& SlotOf(uint64_t generation) const { return slots_[generation % slots_.size()]; }

  // The keys of this generation, of the one before, and of the next while it is being made.
  mutable std::array<Slot, 3> slots_;
  mutable std::atomic<uint64_t> generation_{0};
  mutable std::atomic<int64_t> change_at_ms_;  // kChanging: a thread is about it
};

}  // namespace fairlead::tls
