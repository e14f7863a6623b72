#include "dataplane/persistence/votes_file.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace fairlead::persistence {
namespace {

std::shared_ptr<const Votes> Piece(std::initializer_list<uint64_t> sequences) {
  auto votes = std::make_shared<Votes>();
  for (const uint64_t sequence : sequences) {
    ServerVotes& server = *votes->add_servers();
    server.set_backend("web");
    server.add_votes()->set_sequence(sequence);
  }
  return votes;
}

TEST(VotesFile, HoldsThoseOfAllPieces) {
  const auto votes = ReadVotesFile(MakeVotesFile({Piece({5, 1}), Piece({3})}));
  ASSERT_TRUE(votes.ok()) << votes.status();
  ASSERT_EQ(votes->size(), 3u);
  EXPECT_EQ((*votes)[0].votes(0).sequence(), 5u);
  EXPECT_EQ((*votes)[1].votes(0).sequence(), 1u);
  EXPECT_EQ((*votes)[2].votes(0).sequence(), 3u);
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
