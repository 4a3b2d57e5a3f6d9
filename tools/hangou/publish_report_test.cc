#include "tools/hangou/publish_report.h"

#include <catch2/catch.hpp>

#include "libs/base/status.h"

namespace hangou {
namespace {

TEST_CASE("A report names a file whose name is not UTF-8 as well as it can be named") {
  PublishResult result;
  result.rejected = "/drop/\xD5\xC5.csv.rejected.csv";
  result.status = MakeError(Reason::kInvalidRequest, "\xD5\xC5");
  CHECK(PublishReportJson(result, 1).find("/drop/\xEF\xBF\xBD") != std::string::npos);
}

}  // namespace
}  // namespace hangou
