#include "dataplane/persistence/votes_file.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace fairlead::persistence {
namespace {

std::shared_ptr<const Votes> Piece(std::initializer_list<uint64_t> arrivals) {
  auto votes = std::make_shared<Votes>();
  for (const uint64_t arrival : arrivals) {
    Vote& vote = *votes->add_votes();
    vote.set_backend("web");
    vote.set_arrival(arrival);
  }
  return votes;
}

TEST(VotesFile, TellsThemInTheOrderInWhichTheyCame) {
  const auto votes = ReadVotesFile(MakeVotesFile({Piece({5, 1}), Piece({3})}));
  ASSERT_TRUE(votes.ok()) << votes.status();
  ASSERT_EQ(votes->size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ((*votes)[i].arrival(), 2 * i + 1);
}

TEST(VotesFile, MayHoldNone) { EXPECT_TRUE(ReadVotesFile(MakeVotesFile({}))->empty()); }

TEST(VotesFile, IsReadWholeOrNotAtAll) {
  std::string file = MakeVotesFile({Piece({1, 2}), Piece({3})});
  for (size_t size = 0; size < file.size(); ++size) EXPECT_FALSE(ReadVotesFile(file.substr(0, size)).ok()) << size;
  EXPECT_FALSE(ReadVotesFile(file + "x").ok());
  for (size_t bit = 0; bit < 8 * file.size(); ++bit) {
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8));
    EXPECT_TRUE(absl::IsDataLoss(ReadVotesFile(file).status())) << bit;
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << bit % 8));
  }
}

}  // namespace
}  // namespace fairlead::persistence
