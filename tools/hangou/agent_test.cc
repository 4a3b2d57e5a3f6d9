#include "tools/hangou/agent.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "libs/base/clock.h"
#include "libs/base/file.h"
#include "libs/base/temp_folder.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

// A state folder as a running agent holds it.
struct HeldState {
  HeldState() : lock(::open((folder.path() + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    REQUIRE(::flock(lock, LOCK_EX | LOCK_NB) == 0);
  }
  ~HeldState() { ::close(lock); }
  bool IsWell(int64_t age_us) const {
    const std::string time = FormatInstant(SystemClock().UtcUs() - age_us);
    REQUIRE(WriteFileDurably(folder.path() + "/status.json",
                             R"({"state":"running","sources":[],"time":")" + time + "\"}\n", 0644)
                .ok());
    AgentConfig config;
    config.state = folder.path();
    const auto health = HealthOfAgent(config);
    REQUIRE(health.ok());
    return health->well;
  }

  TempFolder folder;
  int lock;
};

TEST_CASE("An agent that does not renew its status is not well, although it holds its lock") {
  const HeldState state;
  CHECK(state.IsWell(0));
  CHECK(state.IsWell(50 * kUsPerSecond));
  CHECK_FALSE(state.IsWell(70 * kUsPerSecond));
}

}  // namespace
}  // namespace hangou
