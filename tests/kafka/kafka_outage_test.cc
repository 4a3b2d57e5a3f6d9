// The Kafka log at a broker that is killed and comes back.
#include "tests/kafka/outage_for_test.h"

namespace hangou {
namespace {

TEST_CASE("A broker that is killed and starts again loses and doubles nothing") {
  Outage outage;
  outage.TakeAway(SIGKILL);
  outage.read_before += outage.reader->Poll(1'000'000).value().size();
  outage.broker.Start();
  outage.Check();
}

}  // namespace
}  // namespace hangou
