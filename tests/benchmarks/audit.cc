#include "tests/benchmarks/audit.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "libs/audit/chain.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "tests/benchmarks/figures.h"

namespace hangou {
namespace {

hangou::audit::v1::Entry ReadEntry() {
  hangou::audit::v1::Entry entry;
  entry.set_action(hangou::audit::v1::ACTION_READ);
  entry.set_allowed(true);
  entry.set_caller("tax");
  entry.set_role("consumer");
  entry.set_workload("main");
  entry.set_purpose("tax_risk");
  entry.set_subject("resources/psb.resident");
  entry.set_epoch(7);
  entry.set_records(1);
  entry.add_entity_hashes("k00000000:0123456789abcdef0123456789abcdef");
  return entry;
}

// Keeps `outstanding` appends under way until `end_us`: each that is done is followed by another.
class Load {
 public:
  Load(AuditChain& chain, int64_t end_us) : chain_(chain), end_us_(end_us) {}

  void Append() {
    {
      MutexLock lock(mutex_);
      ++under_way_;
    }
    const int64_t begin_us = SystemClock().BootUs();
    chain_.Append(entry_, [this, begin_us](const absl::Status& durable) { OnDone(begin_us, durable); });
  }
  // Waits until none is under way.
  absl::StatusOr<std::vector<int64_t>> Finish() {
    MutexLock lock(mutex_);
    while (under_way_ > 0) idle_.WaitFor(mutex_, kWaitMs);
    if (!error_.ok()) return error_;
    return samples_;
  }

 private:
  static constexpr int64_t kWaitMs = 1000;

  void OnDone(int64_t begin_us, const absl::Status& durable) {
    const int64_t now_us = SystemClock().BootUs();
    bool again = false;
    {
      MutexLock lock(mutex_);
      error_.Update(durable);
      samples_.push_back(now_us - begin_us);
      again = durable.ok() && now_us < end_us_;
    }
    if (again) Append();
    MutexLock lock(mutex_);
    if (--under_way_ == 0) idle_.NotifyAll();
  }

  AuditChain& chain_;
  const int64_t end_us_;
  const hangou::audit::v1::Entry entry_ = ReadEntry();
  Mutex mutex_;
  CondVar idle_;
  int under_way_ HANGOU_GUARDED_BY(mutex_) = 0;
  absl::Status error_ HANGOU_GUARDED_BY(mutex_);
  std::vector<int64_t> samples_ HANGOU_GUARDED_BY(mutex_);
};

// Entries per second that the disk takes without a chain.
absl::StatusOr<double> MeasurePlainFile(const std::string& path, int outstanding, double seconds) {
  const std::string block(ReadEntry().ByteSizeLong() * static_cast<size_t>(outstanding), 'x');
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoError(errno, "open " + path);
  int64_t count = 0;
  const int64_t begin_us = SystemClock().BootUs();
  int64_t now_us = begin_us;
  for (; now_us - begin_us < static_cast<int64_t>(seconds * kUsPerSecond); now_us = SystemClock().BootUs()) {
    if (::write(fd, block.data(), block.size()) < 0 || ::fdatasync(fd) != 0) {
      const int error = errno;
      ::close(fd);
      return ErrnoError(error, "write " + path);
    }
    count += outstanding;
  }
  ::close(fd);
  return static_cast<double>(count) * kUsPerSecond / static_cast<double>(now_us - begin_us);
}

}  // namespace

absl::StatusOr<std::string> MeasureAudit(int outstanding, double seconds) {
  const TempFolder folder;
  ASSIGN_OR_RETURN(const auto chain, AuditChain::Open(folder.path() + "/audit", "bench", SystemClock()));
  const int64_t begin_us = SystemClock().BootUs();
  Load load(*chain, begin_us + static_cast<int64_t>(seconds * kUsPerSecond));
  for (int i = 0; i < outstanding; ++i) load.Append();
  ASSIGN_OR_RETURN(std::vector<int64_t> samples, load.Finish());
  const double elapsed = static_cast<double>(SystemClock().BootUs() - begin_us) / kUsPerSecond;
  const auto count = static_cast<int64_t>(samples.size());
  ASSIGN_OR_RETURN(const double plain, MeasurePlainFile(folder.path() + "/plain", outstanding, seconds));
  char rest[96];
  std::snprintf(rest, sizeof(rest), " outstanding=%d plain_file_per_second=%.0f ratio=%.2f", outstanding,
                plain, static_cast<double>(count) / elapsed / plain);
  return FigureLine("audit", "us", elapsed, std::move(samples), count) + rest;
}

}  // namespace hangou
