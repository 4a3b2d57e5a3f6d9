#include "libs/base/event_loop.h"

#include <catch2/catch.hpp>
#include <vector>

namespace hangou {
namespace {

TEST_CASE("Tasks run in the order they were posted, and those with a delay in the order they are due") {
  EventLoop loop("test");
  std::vector<int> ran;
  loop.PostAfter(20, [&] { ran.push_back(4); });
  loop.PostAfter(5, [&] { ran.push_back(3); });
  loop.Post([&] { ran.push_back(1); });
  loop.Post([&] { ran.push_back(2); });
  std::vector<int> seen;
  while (seen.size() < 4) loop.Run([&] { seen = ran; });
  CHECK(seen == std::vector<int>{1, 2, 3, 4});
}

TEST_CASE("A stopped loop drops what comes, and whoever waits for it goes on") {
  EventLoop loop("test");
  bool ran = false;
  loop.Stop();
  loop.Post([&] { ran = true; });
  loop.PostAfter(0, [&] { ran = true; });
  loop.Run([&] { ran = true; });
  loop.Stop();
  CHECK_FALSE(ran);
}

}  // namespace
}  // namespace hangou
