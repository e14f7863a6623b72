#include "ctl/watch_view.h"

#include <gtest/gtest.h>

#include "api/yaml/yaml.h"

namespace fairlead::ctl {
namespace {

v1::StateReport Report(std::string_view yaml) {
  v1::StateReport report;
  EXPECT_EQ(api::ParseYaml(yaml, {}, &report), absl::OkStatus());
  return report;
}

TEST(WatchView, CountsWhatThereIsAtFirst) {
  WatchView view;
  EXPECT_EQ(
      view.Show(Report("revision: 7\nconfig: {listeners: [{id: l}], backends: [{id: a, servers: [{id: s}]}, {id: b}]}\n"
                       "servers: [{backend: a, server: s, health: UP, eligible: true}]")),
      "revision 7: 1 listener, 0 route tables, 2 backends, 1 server\n");
}

TEST(WatchView, TellsWhatIsNewFromWhatHasChanged) {
  WatchView view;
  view.Show(
      Report("revision: 1\nconfig: {backends: [{id: a, protocol: HTTP2, servers: [{id: s, weight: 1}, {id: t}]}]}"));
  EXPECT_EQ(
      view.Show(Report("revision: 2\nincremental: true\nconfig: {backends: [{id: a, protocol: HTTP2, servers: [{id: s, "
                       "weight: 2}, {id: u}]}], health: [{backend: a, server: s, status: UP}]}")),
      "revision 2\n  ~ server a/s {weight: 2}\n  + server a/u {}\n  + health of a/s {status: UP}\n")
      << "the backend's settings are as they were";
}

TEST(WatchView, ForgetsWhatIsRemoved) {
  WatchView view;
  view.Show(Report(
      "revision: 1\nconfig: {listeners: [{id: l}], route_tables: [{id: r}], backends: [{id: a, servers: [{id: s}]}]}"));
  EXPECT_EQ(view.Show(Report(
                "revision: 2\nincremental: true\nremoved: [{kind: LISTENER, id: l}, {kind: ROUTE_TABLE, id: r}, "
                "{kind: SERVER, backend: a, id: s}, {kind: HEALTH, backend: a, id: s}, {kind: BACKEND, id: a}]")),
            "revision 2\n  - listener l\n  - route table r\n  - server a/s\n  - health of a/s\n  - backend a\n");
  EXPECT_EQ(view.Show(Report("revision: 3\nincremental: true\nconfig: {listeners: [{id: l}]}")),
            "revision 3\n  + listener l {}\n");
}

TEST(WatchView, TellsAServersHealthOnceUntilItChanges) {
  WatchView view;
  view.Show(Report("servers: [{backend: a, server: s, health: UP, eligible: true, weight: 1}]"));
  const std::string_view same =
      "incremental: true\nservers: [{backend: a, server: s, health: UP, eligible: true, weight: 1, total_requests: 9}]";
  EXPECT_EQ(view.Show(Report(same)), "");
  const std::string_view down =
      "incremental: true\nservers: [{backend: a, server: s, health: DOWN, decided_by: probe, reason: \"a\\nb\"}]";
  EXPECT_EQ(view.Show(Report(down)), "a/s is DOWN, not eligible, by probe: a\\x0ab\n");
  EXPECT_EQ(view.Show(Report(down)), "");
  EXPECT_EQ(view.Show(Report("incremental: true\nservers: [{backend: a, server: s, admin_state: DRAIN, health: UP}]")),
            "a/s is UP, DRAIN, not eligible\n");
}

TEST(WatchView, AWholeReportStartsAnew) {
  WatchView view;
  view.Show(Report("revision: 1\nconfig: {listeners: [{id: l}]}"));
  EXPECT_EQ(view.Show(Report("revision: 5")), "revision 5: 0 listeners, 0 route tables, 0 backends, 0 servers\n");
  EXPECT_EQ(view.Show(Report("revision: 6\nincremental: true\nconfig: {listeners: [{id: l}]}")),
            "revision 6\n  + listener l {}\n");
}

}  // namespace
}  // namespace fairlead::ctl
