// The file system as the stores see it: the machine's, with a fault point.
#pragma once

#include "rocksdb/env.h"

namespace hangou {

// The machine's environment, in which appending to a file fails with the errno of FaultPoint::kStoreWrite
// where that is set. Shared by all stores of the process, and so are its background threads; lives as long as
// the process.
rocksdb::Env* StoreEnv();

}  // namespace hangou
